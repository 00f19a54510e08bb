using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.ServiceDefaults;

/// <summary>A service with nothing but the defaults, channels, and what a test adds, on free ports of this process.</summary>
internal sealed class ServiceFixture : IAsyncDisposable
{
    private ServiceFixture(WebApplication app) => App = app;

    public WebApplication App { get; }

    public Uri GrpcAddress => App.Services.GetRequiredService<BoundEndpoints>().GrpcAddress;

    public Uri HttpAddress => new(App.Urls.Single(url => new Uri(url) != GrpcAddress));

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>Builds one without starting it.</summary>
    public static WebApplication Build(
        Action<WebApplicationBuilder>? add = null, Action<WebApplication>? map = null, params (string Key, string? Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["PIPELINE_KEY"] = BrokerFixture.Key;
        builder.Configuration["PIPELINE_GRPC_PORT"] = "0";
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        builder.AddServiceDefaults();
        builder.AddChannels();
        add?.Invoke(builder);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        map?.Invoke(app);
        return app;
    }

    public static async Task<ServiceFixture> StartAsync(
        Action<WebApplicationBuilder>? add = null, Action<WebApplication>? map = null, params (string Key, string? Value)[] settings)
    {
        var app = Build(add, map, settings);
        await app.StartAsync().WaitAsync(Waiting.Limit);
        return new ServiceFixture(app);
    }

    public async ValueTask DisposeAsync()
    {
        await App.StopAsync().WaitAsync(Waiting.Limit);
        await App.DisposeAsync();
    }
}
