using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;

namespace Pipeline.Orchestrator.Partitions;

/// <summary>How far a slice of a partitioned run is.</summary>
/// <param name="Version">Another one after every change, and on every machine.</param>
/// <param name="Machine">Where it is worked on.</param>
/// <param name="Run">The run over the slice.</param>
internal sealed record SliceReport(long Version, string Machine, Run Run);

/// <summary>Has slices of partitioned runs worked on, on this machine or on others.</summary>
internal interface ISliceWorkers
{
    /// <summary>Whether a slice that rests may be worked on by another machine next time.</summary>
    bool HasOtherMachines { get; }

    /// <summary>
    /// How many slices all machines together can work on at once when their pipelines are whole, at least 1: a plan holds for the whole run, and does
    /// not go by what is missing for a moment.
    /// </summary>
    ValueTask<int> LanesAsync(CancellationToken cancellationToken);

    /// <summary>How many slices can be worked on at once at the moment, on all machines together; at least 1.</summary>
    ValueTask<int> CapacityAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Has a slice worked on until it rests, if it is not already, and tells how far it is as soon as there is news, or after a second.
    /// Idempotent: it is called again and again until the slice rests, and goes on elsewhere when a machine is lost.
    /// </summary>
    /// <param name="runId">The partitioned run; what its slices are lies in its folder.</param>
    /// <param name="slice">Which one, from 0.</param>
    /// <param name="seen">Version of the last report; 0 = none.</param>
    /// <param name="cancellationToken">Ends the wait, not the work.</param>
    Task<SliceReport> AdvanceAsync(string runId, int slice, long seen, CancellationToken cancellationToken);

    /// <summary>Asks a slice to stop at a checkpoint; <see cref="AdvanceAsync"/> then tells when it rests. Not active: nothing happens.</summary>
    Task StopAsync(string runId, int slice, StopReason reason);
}

/// <summary>Carries out partitioned runs on this machine.</summary>
internal interface IPartitionedRuns
{
    /// <summary>Goes on with a run whose folder says that it is active, unless it is carried out here already. Returns at once.</summary>
    Task EnsureAsync(string runId);

    /// <summary>Asks a run that is carried out here to stop at a checkpoint; nothing happens where it is not.</summary>
    Task StopAsync(string runId, StopReason reason);
}

/// <summary>Has partitioned runs carried out by whichever machine of the cluster they are placed on.</summary>
internal interface IClusteredRuns : IPartitionedRuns
{
    /// <summary>Goes on with a run that was just created or resumed on this machine: it is carried out here.</summary>
    Task BeginAsync(string runId);

    /// <summary>Has another machine with a whole pipeline take over a run that found no route here; nothing happens where there is none.</summary>
    /// <param name="runId">The run.</param>
    /// <param name="tried">Names of the machines that it is not to be handed to.</param>
    Task HandOverAsync(string runId, IReadOnlyList<string> tried);
}
