namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>Ends this process when the AppHost that started it is gone, so that no process of the pipeline outlives it.</summary>
public static class AppHostWatch
{
    /// <summary>Environment variable by which the AppHost tells its <see cref="ProcessIdentity"/>; more may follow after a colon.</summary>
    public const string Variable = "PIPELINE_APPHOST_PROCESS";

    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    internal static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    /// <summary>Whether an AppHost started this process, and is gone.</summary>
    public static bool IsLeftOver => ProcessIdentity.Parse(Environment.GetEnvironmentVariable(Variable)) is { IsAlive: false };

    /// <summary>Watches in the background, where an AppHost started this process; otherwise does nothing.</summary>
    /// <param name="stop">Asks this process to stop. After a second it is killed.</param>
    /// <returns>Whether an AppHost started this process.</returns>
    public static bool Start(Action stop)
    {
        if (ProcessIdentity.Parse(Environment.GetEnvironmentVariable(Variable)) is not { } appHost)
            return false;
        _ = EndWithAsync(appHost, stop, () => ProcessIdentity.Current.Kill(entireTree: false), TimeProvider.System);
        return true;
    }

    internal static async Task EndWithAsync(ProcessIdentity appHost, Action stop, Action kill, TimeProvider time)
    {
        using (var timer = new PeriodicTimer(Interval, time))
        {
            while (appHost.IsAlive)
                await timer.WaitForNextTickAsync();
        }

        var stopped = Task.Delay(StopTime, time);
        stop();
        await stopped;
        kill();
    }
}
