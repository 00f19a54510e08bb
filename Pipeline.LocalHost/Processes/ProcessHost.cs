using System.Diagnostics;
using System.Globalization;

namespace Pipeline.LocalHost.Processes;

/// <summary>Starts the processes of one application, and sees that none outlives it.</summary>
internal sealed class ProcessHost : IDisposable
{
    private readonly string _mark = Guid.NewGuid().ToString("N");
    private readonly ProcessLauncher _launcher = new();
    private readonly Lazy<Task<Watchdog?>> _watchdog;
    private int _count;

    public ProcessHost() => _watchdog = new(() => Watchdog.StartAsync(_launcher, _mark));

    /// <summary>A mark for a new tree; it ends in a character that no other mark goes on after.</summary>
    public string NextMark() => string.Create(CultureInfo.InvariantCulture, $"{_mark}-{Interlocked.Increment(ref _count)}.");

    public async Task<Process> StartAsync(ProcessStartInfo start)
    {
        var watchdog = await _watchdog.Value;
        var process = await _launcher.StartAsync(start, diesWithParent: true);
        watchdog?.Add(process.Id);
        return process;
    }

    public void Ended(int pid)
    {
        if (_watchdog.Value is { IsCompletedSuccessfully: true, Result: { } watchdog })
            watchdog.Remove(pid);
    }

    public void Dispose()
    {
        if (_watchdog.IsValueCreated && _watchdog.Value is { IsCompletedSuccessfully: true, Result: { } watchdog })
            watchdog.Dispose();
        _launcher.Dispose();
    }
}
