using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.AppHost.Configuration;

namespace Pipeline.AppHost.Supervision;

/// <summary>The restart policy of a resource.</summary>
internal sealed record RestartAnnotation(RestartOptions Options) : IResourceAnnotation;

/// <summary>
/// Restarts what ends and replaces what hangs, of all resources that have a restart policy; Aspire by itself leaves a process that ended
/// as it is. Replicas are told apart by their resource ids.
/// </summary>
internal sealed class Supervisor(
    ResourceNotificationService notifications,
    ResourceCommandService commands,
    ResourceLoggerService logs,
    ResourceProcesses processes,
    PipelineOptions settings,
    SupervisionOutcome outcome,
    RegisteredProcesses registered,
    ReplicaClient client,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<Supervisor> log) : BackgroundService
{
    /// <summary>Aspire's name of its dashboard.</summary>
    public const string Dashboard = "aspire-dashboard";

    private readonly ConcurrentDictionary<string, Replica> _replicas = new();
    private bool _dashboardRuns;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var detector = settings.Liveness.Enabled
            ? new HangDetector(client, settings.Liveness, ProcessActivity.Read, registered.ExpiredBelow, time)
            : null;
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        try
        {
            await foreach (var change in notifications.WatchAsync(stopping.Token))
                await ObserveAsync(change, detector, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The AppHost stops: what ends now shall end.
        }
    }

    private async Task ObserveAsync(ResourceEvent change, HangDetector? detector, CancellationToken stopping)
    {
        if (InstanceState.Read(change.Snapshot) is not { } state)
            return;
        state = state with { Process = processes.Observe(change.Resource.Name, change.ResourceId, state) };
        if (change.Resource.Name == Dashboard)
        {
            if (_dashboardRuns && state.Phase == InstancePhase.Ended)
                log.DashboardEnded(state.ExitCode);
            _dashboardRuns = state.Phase == InstancePhase.Running;
        }
        else if (!change.Snapshot.IsHidden && change.Resource.Annotations.OfType<RestartAnnotation>().LastOrDefault() is { } restart)
        {
            var replica = Find(change, restart.Options, detector, stopping);
            replica.Instance.Observe(state);
            await replica.Control.ShowAgainAsync();
        }
    }

    private Replica Find(ResourceEvent change, RestartOptions options, HangDetector? detector, CancellationToken stopping)
    {
        if (_replicas.TryGetValue(change.ResourceId, out var replica))
            return replica;
        if (!_replicas.Values.Any(other => other.Resource == change.Resource))
            RestartStates.FollowCommands(change.Resource, ReplicasOf);
        var control = new InstanceControl(notifications, commands, logs, log, change.Resource, change.ResourceId);
        var instance = new SupervisedInstance(
            change.ResourceId, new RestartPolicy(options, time), control, detector, time, log, outcome.GiveUp, registered.IsTakenOut, stopping);
        return _replicas[change.ResourceId] = new Replica(change.Resource, control, instance);
    }

    // A rebuild is one of all replicas.
    private IReadOnlyList<SupervisedInstance> ReplicasOf(string id, bool rebuild) => _replicas.TryGetValue(id, out var meant)
        ? [.. _replicas.Values.Where(replica => replica == meant || rebuild && replica.Resource == meant.Resource).Select(replica => replica.Instance)]
        : [];

    private sealed record Replica(IResource Resource, InstanceControl Control, SupervisedInstance Instance);
}

/// <summary>How the run under --exit has ended, and that a service, or all of them, will not come back.</summary>
internal sealed class SupervisionOutcome
{
    private readonly TaskCompletionSource<string> _givenUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The exit code under --exit; null as long as the run has neither ended by itself nor said how to resume it.</summary>
    public int? ExitCode { get; set; }

    /// <summary>Whether the process that follows the run was killed, and so has not said how to resume it.</summary>
    public bool RunWasKilled { get; set; }

    /// <summary>Completes with the reason when the first replica was given up.</summary>
    public Task<string> GivenUp => _givenUp.Task;

    /// <summary>
    /// Completes when Aspire's control plane is gone and all processes were killed. Aspire's own stop would wait for it: the AppHost
    /// just ends.
    /// </summary>
    public Task Lost => _lost.Task;

    public void GiveUp(string reason) => _givenUp.TrySetResult(reason);

    public void ControlPlaneLost() => _lost.TrySetResult();
}
