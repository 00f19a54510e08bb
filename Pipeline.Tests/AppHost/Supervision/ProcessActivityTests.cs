using System.Diagnostics;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class ProcessActivityTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [LinuxFact]
    public async Task Read_BusyThenSuspended_RisesThenStandsStill()
    {
        using var process = Process.Start("sh", ["-c", "while :; do :; done"]);
        try
        {
            var identity = ProcessIdentity.Find(process.Id)!.Value;
            var first = ProcessActivity.Read(identity);
            await UntilAsync(() => ProcessActivity.Read(identity).Busy > first.Busy);

            Signals.Stop(process.Id);
            await UntilAsync(() => ProcessStatus.Read(process.Id)?.State == 'T');
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

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
            await Task.Delay(5, patience.Token);
    }
}
