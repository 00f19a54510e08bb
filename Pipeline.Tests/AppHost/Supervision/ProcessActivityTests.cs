using System.Diagnostics;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class ProcessActivityTests
{
    [LinuxFact]
    public async Task Read_BusyThenSuspended_RisesThenStandsStill()
    {
        using var process = Process.Start("sh", ["-c", "while :; do :; done"]);
        try
        {
            var identity = ProcessIdentity.Find(process.Id)!.Value;
            var first = ProcessActivity.Read(identity);
            await Waiting.UntilAsync(() => ProcessActivity.Read(identity).Busy > first.Busy, "the process to be busy");

            Signals.Stop(process.Id);
            await Waiting.UntilAsync(() => ProcessStatus.Read(process.Id)?.State == 'T', "the process to be suspended");
            var suspended = ProcessActivity.Read(identity);
            await Task.Delay(50);

            Assert.False(suspended.IsRunnable);
            Assert.Equal(suspended, ProcessActivity.Read(identity));
        }
        finally
        {
            process.Kill();
        }
    }
}
