namespace Pipeline.Tests;

/// <summary>A clock that stands still while work is done, and jumps to the end of every wait as soon as it is begun.</summary>
/// <param name="early">So much before its end a wait is over, as a real timer may have it.</param>
/// <param name="longest">Longer waits never end, nor does the clock jump for them; none: each ends.</param>
/// <param name="tick">Waits end at multiples of it only, as those of Windows do.</param>
internal sealed class JumpingTime(TimeSpan early = default, TimeSpan? longest = null, TimeSpan tick = default) : TimeProvider
{
    private long _micros = 1_000_000;

    public override long TimestampFrequency => 1_000_000;

    public List<TimeSpan> Waits { get; } = [];

    public long Micros => Volatile.Read(ref _micros);

    public override long GetTimestamp() => Micros;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.Zero && !(dueTime > longest))
        {
            Waits.Add(dueTime);
            var jump = dueTime > early ? dueTime - early : dueTime;
            var micros = jump.Ticks / TimeSpan.TicksPerMicrosecond;
            var over = tick > TimeSpan.Zero ? (Micros + micros) % (tick.Ticks / TimeSpan.TicksPerMicrosecond) : 0;
            Interlocked.Add(ref _micros, over > 0 ? micros + (tick.Ticks / TimeSpan.TicksPerMicrosecond) - over : micros);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }

        return new NoTimer();
    }

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
