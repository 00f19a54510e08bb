using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public sealed class AppHostWatchTests : IDisposable
{
    private readonly Process _appHost = Process.Start("sleep", "1000");
    private readonly FakeTimeProvider _time = new();

    public void Dispose()
    {
        _appHost.Kill();
        _appHost.Dispose();
    }

    [UnixFact]
    public async Task EndWith_AppHostKilled_StopsThenKills()
    {
        var stopped = new TaskCompletionSource();
        var killed = false;
        var watch = AppHostWatch.EndWithAsync(ProcessIdentity.Find(_appHost.Id)!.Value, stopped.SetResult, () => killed = true, _time);
        _appHost.Kill();
        await _appHost.WaitForExitAsync();
        _time.Advance(AppHostWatch.Interval);
        await stopped.Task.WaitAsync(Waiting.Limit);
        _time.Advance(AppHostWatch.StopTime - TimeSpan.FromTicks(1));
        Assert.False(killed);
        _time.Advance(TimeSpan.FromTicks(1));
        await watch.WaitAsync(Waiting.Limit);

        Assert.True(killed);
    }

    [UnixFact]
    public async Task EndWith_IdUsedByAnotherProcess_Stops()
    {
        var former = ProcessIdentity.Find(_appHost.Id)!.Value with { Start = 1 };
        var stopped = new TaskCompletionSource();

        _ = AppHostWatch.EndWithAsync(former, stopped.SetResult, () => { }, _time);

        await stopped.Task.WaitAsync(Waiting.Limit);
    }
}
