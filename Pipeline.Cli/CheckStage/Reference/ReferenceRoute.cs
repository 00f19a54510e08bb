using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Security;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Route;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest;
using Pipeline.Stages.Parse;
using Pipeline.Stages.Rules;
using Pipeline.Stages.Sink;

namespace Pipeline.Cli.CheckStage.Reference;

/// <summary>
/// The monolith's stages, each served by the stage runtime, with the stage that is checked among them: ring, flow, checks and failures are
/// those of real neighbours.
/// </summary>
/// <param name="run">The check.</param>
internal sealed class ReferenceRoute(CheckRun run) : IAsyncDisposable
{
    private static readonly StageDefinition[] Own =
        [IngestStage.Definition, ParseStage.Definition, RulesStage.Definition, AggregateStage.Definition, SinkStage.Definition];

    private readonly List<WebApplication> _served = [];
    private readonly List<Hop> _hops = [];

    /// <summary>Serves the other stages on free ports.</summary>
    public async Task StartAsync()
    {
        foreach (var stage in Own)
        {
            if (run.Target.IsOwn && stage.Role == run.Target.RoleBelow)
                _hops.Add(run.Target.Self);
            _hops.Add(stage.Role == run.Target.Role ? run.Target.Self : await ServeAsync(stage));
        }
    }

    /// <summary>Runs an attempt through all of them.</summary>
    /// <exception cref="StageException">It failed, and why.</exception>
    public async Task<RunCompleted> RunAsync(OpenRun open, CancellationToken cancellationToken)
    {
        open.Route.Add(_hops);
        open.Path.Add(_hops);
        var channels = _served[0].Services.GetRequiredService<PipelineChannels>();
        await using var call = await Downstream.OpenAsync(
            open, [], ring: null, channels, new EdgeMeter(run.Time), _ => ValueTask.CompletedTask, run.Limits.Answer, run.Time, cancellationToken);
        RunCompleted? completed = null;
        await foreach (var answer in call.ReadAllAsync(cancellationToken))
            completed = answer.RunCompleted ?? completed;
        return completed ?? throw new StageException(FailureReasons.ProtocolViolation, "the call ended without RunCompleted");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in _served)
            await app.DisposeAsync();
    }

    private async Task<Hop> ServeAsync(StageDefinition stage)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            [SharedKeyOptions.Variable] = run.Target.Key,
            [RootedPath.RootsVariable] = run.Folder,
            [$"{StageOptions.Section}:{nameof(StageOptions.HandshakeTimeout)}"] = run.Limits.Answer.ToString("c", CultureInfo.InvariantCulture),
        });
        builder.AddServiceDefaults();
        builder.AddStageRuntime(stage, $"check-{stage.Role}");
        var app = builder.Build();
        app.MapStage();
        _served.Add(app);
        await app.StartAsync(run.Cancellation);
        var address = app.Services.GetRequiredService<BoundEndpoints>().GrpcAddress.GetLeftPart(UriPartial.Authority);
        return new Hop { InstanceId = $"check-{stage.Role}", Role = stage.Role, Address = address };
    }
}
