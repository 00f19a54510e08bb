using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>Figures that a stage itself counts; the runtime counts frames, bytes and times around it. Written by the stage's one caller.</summary>
public sealed class StageMeter
{
    /// <summary>Events dropped by rules.</summary>
    public long Filtered { get; set; }

    /// <summary>Lines rejected here.</summary>
    public long Rejected { get; set; }

    /// <summary>Batches that begin before the furthest position that any attempt of the run had read.</summary>
    public long BatchesReplayed { get; set; }

    /// <summary>Frames that came too late: of an attempt that was over.</summary>
    public long FramesDiscarded { get; set; }

    /// <summary>Groups of the last checkpoint that came: they travel in it, and in no batch.</summary>
    public long GroupsIn { get; set; }

    /// <summary>Groups of the last checkpoint that was handed on.</summary>
    public long GroupsOut { get; set; }

    /// <summary>Bytes of files read while no batch passes, to verify what was read before or to put the results together: they show that it goes on.</summary>
    public long FileBytesRead { get; set; }

    /// <summary>Bytes of results and rejects, written while they are put together.</summary>
    public long FileBytesWritten { get; set; }

    /// <summary>Counts the waits of a source; null where nobody counts them.</summary>
    internal EdgeMeter? Edge { get; init; }

    /// <summary>A source waits: no line is due yet.</summary>
    public void BeginWaiting() => Edge?.BeginReceiving();

    /// <summary>It does not wait any more.</summary>
    public void EndWaiting() => Edge?.EndReceiving();

    /// <summary>Time from line read to applied here.</summary>
    public LatencyRecorder Latency { get; } = new();
}

/// <summary>The contract's log-linear LatencyHistogram: 16 buckets for each power of two, at most 1/16 relative error.</summary>
public sealed class LatencyRecorder
{
    private const int Buckets = 64 * 16;
    private readonly long[] _counts = new long[Buckets];

    /// <summary>Counts <paramref name="items"/> items of one latency.</summary>
    /// <param name="micros">Microseconds; below 0 counts as 0.</param>
    /// <param name="items">How many had it, from 1.</param>
    public void Record(long micros, long items) => _counts[LatencyBuckets.BucketOf(Math.Max(0, micros))] += items;

    /// <summary>The counts so far.</summary>
    public LatencyHistogram ToHistogram()
    {
        var histogram = new LatencyHistogram();
        var used = Array.FindLastIndex(_counts, count => count != 0) + 1;
        histogram.Counts.AddRange(_counts.Take(used));
        return histogram;
    }
}

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
