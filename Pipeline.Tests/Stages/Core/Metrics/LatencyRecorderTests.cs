using Pipeline.Contracts;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Tests.Stages.Core.Metrics;

public sealed class LatencyRecorderTests
{
    [Fact]
    public void ToHistogram_LatenciesRecorded_GivesTheirQuantiles()
    {
        var recorder = new LatencyRecorder();
        for (var micros = 1; micros <= 1000; micros++)
            recorder.Record(micros, 2);

        var histogram = recorder.ToHistogram();
        Assert.Equal(2000, histogram.Counts.Sum());
        Assert.InRange(LatencyBuckets.Quantile(histogram, 0.5), 500, 531);
        Assert.InRange(LatencyBuckets.Quantile(histogram, 0.99), 990, 1052);
        Assert.InRange(LatencyBuckets.Quantile(histogram, 1), 1000, 1062);
    }
}
