using Orleans.Concurrency;
using Orleans.Placement;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>
/// A partitioned run, key RUN_ID: carried out by the machine that began or resumed it, or to which it was handed over. All its state is in files.
/// </summary>
[Alias("pipeline.run")]
internal interface IRunGrain : IGrainWithStringKey
{
    /// <summary>See <see cref="IPartitionedRuns.EnsureAsync"/>.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("ensure")]
    Task EnsureAsync();

    /// <summary>Places it on the machine that the request's placement hint names.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("move")]
    Task MoveAsync();

    /// <summary>See <see cref="IPartitionedRuns.StopAsync"/>.</summary>
    [ResponseTimeout("00:00:10")]
    [Alias("stop")]
    Task StopAsync(StopReason reason);
}

/// <summary>Passes calls on to the runs of the machine that it is on.</summary>
[Reentrant, PreferLocalPlacement, CollectionAgeLimit(Minutes = 2)]
internal sealed class RunGrain([FromKeyedServices(ClusterSetup.Local)] IPartitionedRuns runs) : Grain, IRunGrain
{
    // On the pool for the same reason as in SliceGrain.

    public Task EnsureAsync()
    {
        var run = this.GetPrimaryKeyString();
        return Task.Run(() => runs.EnsureAsync(run));
    }

    public Task MoveAsync()
    {
        MigrateOnIdle();
        return Task.CompletedTask;
    }

    public Task StopAsync(StopReason reason)
    {
        var run = this.GetPrimaryKeyString();
        return Task.Run(() => runs.StopAsync(run, reason));
    }
}
