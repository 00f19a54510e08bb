namespace Pipeline.Stages.Core.Metrics;

/// <summary>
/// The contract's monotonic microseconds. TimeProvider.System reads the clock that all processes of a machine share
/// (CLOCK_MONOTONIC, QueryPerformanceCounter), so that stamps of one stage mean something to another.
/// </summary>
public static class MonotonicClock
{
    /// <summary>Now, in microseconds; at least 1, as 0 means "not measured".</summary>
    public static long GetMicros(this TimeProvider time)
    {
        var (seconds, rest) = Math.DivRem(time.GetTimestamp(), time.TimestampFrequency);
        return Math.Max(1, (seconds * 1_000_000) + (rest * 1_000_000 / time.TimestampFrequency));
    }
}
