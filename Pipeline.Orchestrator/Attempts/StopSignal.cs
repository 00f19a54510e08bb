namespace Pipeline.Orchestrator.Attempts;

/// <summary>Why a run is to stop.</summary>
internal enum StopReason
{
    /// <summary>Somebody wants to go on later.</summary>
    Pause,

    /// <summary>Somebody wants no more of it.</summary>
    Cancel,

    /// <summary>The orchestrator stops.</summary>
    Interrupt,
}

/// <summary>The request that a run stop at a checkpoint, and the later request that it stop at once.</summary>
internal sealed class StopSignal
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _drain = new();
    private readonly CancellationTokenSource _abort = new();

    /// <summary>Why; null while it is not to stop.</summary>
    public StopReason? Reason { get; private set; }

    /// <summary>Cancelled when the run is to stop at a checkpoint.</summary>
    public CancellationToken Drain => _drain.Token;

    /// <summary>Cancelled when it is to stop without one.</summary>
    public CancellationToken Abort => _abort.Token;

    /// <summary>Asks for a stop. A user's request outlasts the orchestrator's stop.</summary>
    public void Request(StopReason reason)
    {
        lock (_lock)
        {
            if (Reason is null || reason != StopReason.Interrupt)
                Reason = reason;
        }

        // Callbacks run on the thread pool: they may use storage that hangs.
        _ = _drain.CancelAsync();
    }

    /// <summary>Waits no longer for a checkpoint.</summary>
    public void BreakOff() => _ = _abort.CancelAsync();
}
