using System.Diagnostics;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Tests.Stages.Core.Metrics;

/// <summary>The most memory that a process has held.</summary>
public sealed class PeakMemoryTests
{
    [Fact]
    public void It_is_what_the_runtime_says()
    {
        using var process = Process.GetCurrentProcess();
        var before = process.PeakWorkingSet64;

        var peak = PeakMemory.ReadBytes();

        process.Refresh();
        Assert.InRange(peak, before, process.PeakWorkingSet64);
    }

    [Theory]
    [InlineData("Name:\tdotnet\nVmPeak:\t  20 kB\nVmHWM:\t  109392 kB\nVmRSS:\t 1 kB\n", 112_017_408)]
    [InlineData("Name:\tdotnet\nVmPeak:\t  20 kB\n", -1)]
    [InlineData("VmHWM:\t", -1)]
    [InlineData("", -1)]
    public void The_line_is_found_where_there_is_one(string status, long bytes) =>
        Assert.Equal(bytes, PeakMemory.TryParse(System.Text.Encoding.UTF8.GetBytes(status), out var found) ? found : -1);
}
