using Pipeline.Contracts;

namespace Pipeline.Tests.Contracts;

public sealed class LatencyBucketsTests
{
    [Fact]
    public void BucketOf_AnyLatency_IsANarrowBucketThatHoldsIt()
    {
        for (long micros = 0; micros < long.MaxValue / 3; micros += 1 + (micros / 7))
        {
            var bucket = LatencyBuckets.BucketOf(micros);
            var (lower, upper) = (LatencyBuckets.LowerBound(bucket), LatencyBuckets.LowerBound(bucket + 1));
            Assert.InRange(micros, lower, upper - 1);
            Assert.True(upper - lower <= Math.Max(1, lower / 16), $"{lower}..{upper}");
        }
    }
}
