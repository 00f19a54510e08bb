using System.Numerics;
using Pipeline.Contracts.V1;

namespace Pipeline.Contracts;

/// <summary>The buckets of LatencyHistogram: 16 for each power of two, at most 1/16 relative error.</summary>
public static class LatencyBuckets
{
    /// <summary>Latency, microseconds, that the fraction <paramref name="quantile"/> of all items does not exceed; 0 where there are none.</summary>
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
                return LowerBound(bucket + 1) - 1;
        }

        return 0;
    }

    /// <summary>The bucket that counts a latency.</summary>
    /// <param name="micros">Microseconds, from 0.</param>
    public static int BucketOf(long micros)
    {
        if (micros < 16)
            return (int)micros;

        var exponent = BitOperations.Log2((ulong)micros) - 4;
        return ((exponent + 1) * 16) + (int)((micros >> exponent) & 15);
    }

    /// <summary>Least latency that a bucket counts, microseconds.</summary>
    public static long LowerBound(int bucket) => bucket < 16 ? bucket : (16L + (bucket % 16)) << ((bucket / 16) - 1);
}
