using Pipeline.Contracts;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Tests.Stages.Core.Metrics;

public sealed class LatencyRecorderTests
{
    [Fact]
    public void Every_latency_lies_within_its_bucket_and_buckets_are_narrow()
    {
        for (long micros = 0; micros < long.MaxValue / 3; micros += 1 + (micros / 7))
        {
            var bucket = LatencyBuckets.BucketOf(micros);
            var (lower, upper) = (LatencyBuckets.LowerBound(bucket), LatencyBuckets.LowerBound(bucket + 1));
            Assert.InRange(micros, lower, upper - 1);
            Assert.True(upper - lower <= Math.Max(1, lower / 16), $"{lower}..{upper}");
        }
    }

    [Fact]
    public void Quantiles_are_those_of_what_was_recorded()
    {
        var recorder = new LatencyRecorder();
        for (var micros = 1; micros <= 1000; micros++)
        {
            recorder.Record(micros, 2);
        }

        var histogram = recorder.ToHistogram();
        Assert.Equal(2000, histogram.Counts.Sum());
        Assert.InRange(LatencyBuckets.Quantile(histogram, 0.5), 500, 531);
        Assert.InRange(LatencyBuckets.Quantile(histogram, 0.99), 990, 1052);
        Assert.InRange(LatencyBuckets.Quantile(histogram, 1), 1000, 1062);
    }
}
