using Pipeline.Orchestrator.Observing;
using Pipeline.ServiceDefaults.Discovery;

namespace Pipeline.Orchestrator.Routes;

/// <summary>The registry as the broker's watch tells it.</summary>
internal sealed class WatchedRegistry(RegistryWatcher watcher) : BackgroundService, IStageRegistry
{
    private readonly Observable<RegistrySnapshot> _snapshots = new(RegistrySnapshot.Unknown);

    /// <inheritdoc/>
    public Observation<RegistrySnapshot> Current => _snapshots.Current;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var change in watcher.WatchAsync(stoppingToken))
                _snapshots.Change(_ => SnapshotOf(change.View));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private static RegistrySnapshot SnapshotOf(RegistryView view) => new()
    {
        Instances = [.. view.Instances.Values.OrderBy(instance => instance.RegisteredRevision)],
        Revision = view.Revision,
        Epoch = view.Epoch,
        Connected = view.IsConnected,
    };
}
