namespace Pipeline.Stages.Core.Timing;

/// <summary>
/// The system's clock with timers that are late by a millisecond at most on an idle Linux or macOS. The runtime's own timers go by a clock
/// that ticks every 4 ms on Linux, so that a wait of 5 ms takes up to 9: too coarse for the linger time of batches.
/// </summary>
/// <remarks>
/// One thread waits for whichever timer is due first; callbacks run on the thread pool. A timer is due at a timestamp (Stopwatch's clock),
/// and never fires before: how coarse the waits of a system are makes it late by one of their ticks, which does not add up. On Windows
/// that is up to 16 ms unless a program there has asked for shorter ones, so that a batch of a slow input may linger for 21 ms instead of 5.
/// </remarks>
public sealed class HighResolutionTimeProvider : TimeProvider
{
    private readonly object _lock = new();
    private readonly PriorityQueue<Due, long> _queue = new();
    private Thread? _thread;

    private HighResolutionTimeProvider()
    {
    }

    /// <summary>The one of this process.</summary>
    public static HighResolutionTimeProvider Shared { get; } = new();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HighResolutionTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Adds a timer to those that are waited for.</summary>
    internal void Schedule(Due due)
    {
        lock (_lock)
        {
            _queue.Enqueue(due, due.At);
            if (_thread is null)
            {
                _thread = new Thread(Wait) { IsBackground = true, Name = "high-resolution timers" };
                _thread.Start();
            }
            else if (_queue.Peek() == due)
            {
                Monitor.Pulse(_lock);
            }
        }
    }

    /// <summary>Takes a timer out that is not waited for any more. Where it is taken out already, to be fired, nothing happens.</summary>
    internal void Withdraw(Due due)
    {
        lock (_lock)
        {
            _queue.Remove(due, out _, out _);
        }
    }

    private void Wait()
    {
        while (true)
        {
            Due due;
            lock (_lock)
            {
                while (!IsDue(out var millis))
                    Monitor.Wait(_lock, millis);

                due = _queue.Dequeue();
            }

            due.Timer.Fire(due);
        }
    }

    private bool IsDue(out int millis)
    {
        if (!_queue.TryPeek(out _, out var at))
        {
            millis = Timeout.Infinite;
            return false;
        }

        var left = at - GetTimestamp();
        millis = (int)Math.Min(int.MaxValue, Math.Ceiling(left * 1e3 / TimestampFrequency));
        return left <= 0;
    }

    /// <summary>A time at which a timer fires, unless it was set anew since.</summary>
    /// <param name="Timer">The timer.</param>
    /// <param name="Setting">Which of its settings this belongs to.</param>
    /// <param name="At">Timestamp.</param>
    internal readonly record struct Due(HighResolutionTimer Timer, long Setting, long At);
}
