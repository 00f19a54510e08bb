using System.Numerics;
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
    public void Record(long micros, long items) => _counts[BucketOf(Math.Max(0, micros))] += items;

    /// <summary>The counts so far.</summary>
    public LatencyHistogram ToHistogram()
    {
        var histogram = new LatencyHistogram();
        var used = Array.FindLastIndex(_counts, count => count != 0) + 1;
        histogram.Counts.AddRange(_counts.Take(used));
        return histogram;
    }

    /// <summary>Latency in microseconds that the fraction <paramref name="quantile"/> of all items does not exceed; 0 where there are none.</summary>
    /// <param name="histogram">The counts.</param>
    /// <param name="quantile">Above 0, at most 1.</param>
    public static long Quantile(LatencyHistogram histogram, double quantile)
    {
        var total = histogram.Counts.Sum();
        var rank = (long)Math.Ceiling(total * quantile);
        long seen = 0;
        for (var bucket = 0; bucket < histogram.Counts.Count; bucket++)
        {
            seen += histogram.Counts[bucket];
            if (seen >= rank && seen > 0)
            {
                return LowerBound(bucket + 1) - 1;
            }
        }

        return 0;
    }

    internal static int BucketOf(long micros)
    {
        if (micros < 16)
        {
            return (int)micros;
        }

        var exponent = BitOperations.Log2((ulong)micros) - 4;
        return ((exponent + 1) * 16) + (int)((micros >> exponent) & 15);
    }

    internal static long LowerBound(int bucket) => bucket < 16 ? bucket : (16L + (bucket % 16)) << ((bucket / 16) - 1);
}
