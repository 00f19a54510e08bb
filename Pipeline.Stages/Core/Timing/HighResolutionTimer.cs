namespace Pipeline.Stages.Core.Timing;

/// <summary>A timer of <see cref="HighResolutionTimeProvider"/>.</summary>
internal sealed class HighResolutionTimer(HighResolutionTimeProvider time, TimerCallback callback, object? state) : ITimer
{
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private readonly Lock _lock = new();
    private HighResolutionTimeProvider.Due? _waiting;
    private long _setting;
    private long _period;
    private bool _disposed;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        var (due, every) = (Ticks(dueTime, nameof(dueTime)), Ticks(period, nameof(period)));
        lock (_lock)
        {
            if (_disposed)
                return false;

            Withdraw();
            _period = every;
            if (due >= 0)
                Schedule(new(this, _setting, time.GetTimestamp() + due));

            return true;
        }
    }

    /// <summary>Runs the callback on the thread pool, and waits for the next period; nothing where the timer was set anew since it was due.</summary>
    public void Fire(HighResolutionTimeProvider.Due due)
    {
        lock (_lock)
        {
            if (due.Setting != _setting)
                return;

            _waiting = null;
            if (_period > 0)
            {
                // A period that was missed is not made up for.
                Schedule(due with { At = Math.Max(due.At + _period, time.GetTimestamp()) });
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(static timer => timer.Run(), this, preferLocal: false);
    }

    /// <inheritdoc/>
    /// <remarks>A callback that has begun, or waits for a thread to begin, goes on.</remarks>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Withdraw();
        }
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Schedule(HighResolutionTimeProvider.Due due)
    {
        _waiting = due;
        time.Schedule(due);
    }

    private void Withdraw()
    {
        _setting++;
        if (_waiting is { } due)
        {
            time.Withdraw(due);
            _waiting = null;
        }
    }

    private void Run()
    {
        if (_context is null)
            callback(state);
        else
            ExecutionContext.Run(_context, static timer => ((HighResolutionTimer)timer!).Call(), this);
    }

    private void Call() => callback(state);

    // Timestamps; -1 for never.
    private long Ticks(TimeSpan span, string name)
    {
        if (span == Timeout.InfiniteTimeSpan)
            return -1;

        ArgumentOutOfRangeException.ThrowIfLessThan(span, TimeSpan.Zero, name);
        return (long)(span.TotalSeconds * time.TimestampFrequency);
    }
}
