using System.Diagnostics;
using System.Runtime.Versioning;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Tests.Stages.Core.Metrics;

/// <summary>The peak memory of a process.</summary>
public sealed class PeakMemoryTests
{
    [Fact]
    public void ReadBytes_CurrentProcess_MatchesPeakWorkingSet()
    {
        using var process = Process.GetCurrentProcess();
        long before, peak, after;
        var tries = 0;
        do
        {
            // While other tests allocate, the kernel's count (kept per core and summed now and then) may even decrease by some pages.
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
    public void Parse_ProcStatus_GivesPeakOrUnknown(string status, long bytes) =>
        Assert.Equal(bytes, PeakMemory.Parse(System.Text.Encoding.UTF8.GetBytes(status)));

    [Fact]
    public void ReadStatus_NoProc_IsUnknown() => Assert.Equal(PeakMemory.Unknown, PeakMemory.ReadStatus("/none/status"));

    [LinuxFact]
    [UnsupportedOSPlatform("windows")]
    public void ReadMaxRss_AsMacOSReadsIt_IsAtLeastWhatProcSays()
    {
        // /proc is read first. Both are in whole pages and only decrease by the pages that the kernel has not summed yet: allow 1 MiB.
        var peak = PeakMemory.ReadBytes();
        Assert.InRange(PeakMemory.Usage.ReadMaxRss() * 1024, peak - (1 << 20), 1L << 40);
    }
}
