using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.Stages.Core.Runtime;

/// <summary>A real server with one stage, on a free port, without a broker.</summary>
internal sealed class StageServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StageServer(WebApplication app, string role)
    {
        _app = app;
        Role = role;
        Address = app.Services.GetRequiredService<BoundEndpoints>().GrpcAddress;
    }

    public string Role { get; }

    public PipelineChannels Channels => _app.Services.GetRequiredService<PipelineChannels>();

    public Uri Address { get; }

    public Hop Hop => new() { InstanceId = $"{Role}-test", Role = Role, Address = Address.ToString() };

    public static async Task<StageServer> StartAsync(
        string role, Func<StageContext, IStage> create, string[]? emits = null, Dictionary<string, string?>? settings = null,
        TimeProvider? time = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["PIPELINE_KEY"] = BrokerFixture.Key,
            ["Stage:ProgressInterval"] = "00:00:00.05",
        });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.AddStageRuntime(new StageDefinition(role, [BatchKinds.Lines, BatchKinds.Events, BatchKinds.WorkItems], emits ?? [], create), $"{role}-test");
        if (time is not null)
            builder.Services.AddSingleton(time);

        var app = builder.Build();
        app.MapDefaultEndpoints();
        app.MapStage();
        await app.StartAsync();
        return new StageServer(app, role);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
