using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.AppHost.Configuration;

namespace Pipeline.AppHost.Supervision;

/// <summary>The restart policy of a resource.</summary>
internal sealed record RestartAnnotation(RestartOptions Options) : IResourceAnnotation;

/// <summary>
/// Restarts what ends and replaces what hangs, as the configuration says. Neither host does so by itself: a crashed
/// resource goes to a terminal state and stays there. Instances are told apart by their ids, since a replica's commands need them.
/// </summary>
internal sealed class Supervisor(
    ResourceNotificationService notifications,
    ResourceCommandService commands,
    ResourceLoggerService logs,
    PipelineSettings settings,
    SupervisionOutcome outcome,
    TimeProvider time,
    ILogger<Supervisor> log) : BackgroundService
{
    private readonly Dictionary<string, SupervisedInstance> _instances = [];
    private readonly HttpClient _client = new() { Timeout = Timeout.InfiniteTimeSpan };

    public override void Dispose()
    {
        _client.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var change in notifications.WatchAsync(stoppingToken))
            {
                if (change.Resource.Annotations.OfType<RestartAnnotation>().LastOrDefault() is { } restart
                    && InstanceSnapshot.Read(change.Snapshot) is { } state)
                    Find(change, restart.Options, stoppingToken).Observe(state);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The AppHost stops.
        }
    }

    private SupervisedInstance Find(ResourceEvent change, RestartOptions options, CancellationToken stopping)
    {
        if (_instances.TryGetValue(change.ResourceId, out var instance))
            return instance;

        var probe = settings.Options.Liveness.Enabled ? new LivenessProbe(_client, settings.Options.Liveness, time) : null;
        var control = new InstanceControl(notifications, commands, logs, change.Resource, change.ResourceId);
        return _instances[change.ResourceId] = new SupervisedInstance(
            change.ResourceId, new RestartPolicy(options, time), control, probe, time, log, outcome.GiveUp, stopping);
    }
}
