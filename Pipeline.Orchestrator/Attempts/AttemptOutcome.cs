using Pipeline.Contracts.V1;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>How an attempt ended.</summary>
internal abstract record AttemptOutcome
{
    /// <summary>The results are in place.</summary>
    public sealed record Completed(RunCompleted Figures) : AttemptOutcome;

    /// <summary>Stopped at a checkpoint, on demand.</summary>
    public sealed record Drained(RunCompleted Figures) : AttemptOutcome;

    /// <summary>Broke.</summary>
    public sealed record Failed(Failure Failure) : AttemptOutcome;
}
