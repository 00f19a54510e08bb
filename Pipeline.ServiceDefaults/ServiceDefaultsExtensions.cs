using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.ServiceDefaults.Interceptors;
using Pipeline.ServiceDefaults.Security;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.ServiceDefaults;

/// <summary>Where health is answered, on the HTTP/1.1 endpoints.</summary>
public static class HealthPaths
{
    /// <summary>Ready: every check is healthy; of a service that registers, that its lease is alive.</summary>
    public const string Health = "/health";

    /// <summary>Alive: the process answers.</summary>
    public const string Alive = "/alive";
}

/// <summary>What every service of Pipeline has, in one call each.</summary>
public static class ServiceDefaultsExtensions
{
    private const string LiveTag = "live";

    /// <summary>Telemetry, the key, endpoints, gRPC with its interceptors, health, and a quick, ordered stop.</summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="configure">Defaults of this service, such as a fixed port; configuration and environment win over them.</param>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder, Action<EndpointOptions>? configure = null)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddTelemetry();
        builder.AddQuietLog();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddKey();
        builder.AddEndpoints(configure);
        builder.AddGrpcServer();
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);
        // Below the time after which a host kills what does not stop.
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(4));
        return builder;
    }

    /// <summary>Maps /health and /alive, gRPC health and reflection.</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealthChecks(HealthPaths.Health);
        app.MapHealthChecks(HealthPaths.Alive, new HealthCheckOptions { Predicate = check => check.Tags.Contains(LiveTag) });
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        return app;
    }

    private static void AddKey(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<SharedKeyOptions>()
            .Configure<IConfiguration>((options, configuration) => options.Key = configuration[SharedKeyOptions.Variable] ?? options.Key)
            .ValidateSettings();
        builder.Services.TryAddSingleton<SharedKey>();
    }

    private static void AddEndpoints(this IHostApplicationBuilder builder, Action<EndpointOptions>? configure)
    {
        var urls = new HttpUrls(builder.Configuration[WebHostDefaults.ServerUrlsKey]);
        // Kestrel binds what KestrelSetup lists, and would warn that it leaves the URLs out: this is a list of none. (An empty
        // text would not do: the host falls back to the environment then.)
        builder.Configuration[WebHostDefaults.ServerUrlsKey] = ";";
        builder.Services.AddSingleton(urls);
        builder.Services.AddSingleton<BoundEndpoints>();
        builder.Services.AddSingleton<ConnectionGate>();
        builder.Services.AddOptions<EndpointOptions>()
            .Configure(options => configure?.Invoke(options))
            .Validate(_ => urls.Errors.Count == 0, string.Join(" ", urls.Errors))
            .BindSettings(EndpointOptions.Section)
            .Configure<IConfiguration>((options, configuration) =>
            {
                if (configuration[EndpointOptions.GrpcPortVariable] is { Length: > 0 } text)
                    options.GrpcPort = int.TryParse(text, out var port) ? port : -1;
            });
        builder.Services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelSetup>();
        builder.AddQuietStart();
    }

    private static void AddGrpcServer(this IHostApplicationBuilder builder)
    {
        builder.Services.AddTransient<IStartupFilter, KeyCheck>();
        builder.Services.AddGrpc();
        builder.Services.AddGrpcReflection();
        builder.Services.AddGrpcHealthChecks(options =>
        {
            options.UseHealthChecksCache = false;
            options.Services.Map("", _ => true);
        });
        // Watchers of gRPC health hear of a change within this time.
        builder.Services.Configure<HealthCheckPublisherOptions>(options =>
        {
            options.Delay = TimeSpan.FromSeconds(1);
            options.Period = TimeSpan.FromSeconds(1);
        });
        builder.Services.AddOptions<InterceptorOptions>().BindSettings(InterceptorOptions.Section);
        builder.Services.AddSingleton<IConfigureOptions<Grpc.AspNetCore.Server.GrpcServiceOptions>, GrpcSetup>();
        builder.Services.AddSingleton<LoggingInterceptor>();
        builder.Services.AddSingleton<PolicyInterceptor>();
    }
}
