using System.Diagnostics;
using System.Runtime.Versioning;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Tests.Stages.Core.Metrics;

/// <summary>The most memory that a process has held.</summary>
public sealed class PeakMemoryTests
{
    [Fact]
    public void It_is_what_the_runtime_says()
    {
        using var process = Process.GetCurrentProcess();
        long before, peak, after;
        var tries = 0;
        do
        {
            // While other tests take memory, the kernel's count (by core, added up now and then) may even go back by some pages.
            process.Refresh();
            before = process.PeakWorkingSet64;
            peak = PeakMemory.ReadBytes();
            process.Refresh();
            after = process.PeakWorkingSet64;
        }
        while (before != after && ++tries < 1_000);

        Assert.Equal((before, before), (peak, after));
    }

    [Theory]
    [InlineData("Name:\tdotnet\nVmPeak:\t  20 kB\nVmHWM:\t  109392 kB\nVmRSS:\t 1 kB\n", 112_017_408)]
    [InlineData("Name:\tdotnet\nVmPeak:\t  20 kB\n", -1)]
    [InlineData("VmHWM:\t", -1)]
    [InlineData("", -1)]
    public void The_line_is_found_where_there_is_one(string status, long bytes) =>
        Assert.Equal(bytes, PeakMemory.Parse(System.Text.Encoding.UTF8.GetBytes(status)));

    [Fact]
    public void ReadStatus_NoProc_IsUnknown() => Assert.Equal(PeakMemory.Unknown, PeakMemory.ReadStatus("/none/status"));

    [LinuxFact]
    [UnsupportedOSPlatform("windows")]
    public void ReadMaxRss_AsMacOSReadsIt_IsAtLeastWhatProcSays()
    {
        // In whole pages; /proc is read first, and neither goes down but by the pages that the kernel has not counted yet.
        var peak = PeakMemory.ReadBytes();
        Assert.InRange(PeakMemory.Usage.ReadMaxRss() * 1024, peak - (1 << 20), 1L << 40);
    }
}
