using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>Hears what happens in an attempt.</summary>
internal interface IAttemptObserver
{
    /// <summary>All stages are open.</summary>
    /// <param name="resume">The checkpoint that it goes on from; null at the beginning.</param>
    /// <param name="skipped">What lies in the input directory and is not read; null where there is nothing.</param>
    void Opened(Checkpoint? resume, SkippedFiles? skipped);

    /// <summary>A checkpoint is durable.</summary>
    void Committed(CheckpointCommitted checkpoint);

    /// <summary>Figures of a stage.</summary>
    void Progressed(StageMetrics metrics);

    /// <summary>It stopped making progress, or makes progress again.</summary>
    /// <param name="stall">Null: it makes progress again.</param>
    void Stalled(RunStall? stall);

    /// <summary>It was asked to drain.</summary>
    /// <param name="onDemand">True: the run is to stop; false: an instance is leaving or replaced, and the run goes on elsewhere.</param>
    void Draining(bool onDemand);
}
