using System.Diagnostics;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Tests.Stages.Core.Metrics;

public sealed class AttemptMetricsTests
{
    [Fact]
    public void Snapshot_PeakMemory_IsTheProcessesOrUnknownWhereTheSystemDoesNotTell()
    {
        var peak = new AttemptMetrics("parse-1", "parse", TimeProvider.System).Snapshot().ProcessPeakRssBytes;

        if (OperatingSystem.IsMacOS())
            Assert.Equal(-1, peak);
        else
            Assert.InRange(peak, 16 << 20, Process.GetCurrentProcess().PeakWorkingSet64 + (64 << 20));
    }
}
