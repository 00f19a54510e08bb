using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Metrics;

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
