using System.Runtime.InteropServices;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>
/// Handles that the console was closed: SIGHUP, on Windows CTRL_CLOSE_EVENT. A process that was started with SIGHUP ignored, such as by
/// nohup, goes on.
/// </summary>
public sealed class HangUp : IDisposable
{
    private readonly PosixSignalRegistration _registration;
    private volatile bool _blocks;

    /// <summary>Handles it until disposed.</summary>
    /// <param name="stop">Asks this process to stop.</param>
    public HangUp(Action stop) => _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        signal.Cancel = true;
        stop();
        // Windows ends the process when its handler returns, and after five seconds in any case.
        if (OperatingSystem.IsWindows())
        {
            _blocks = true;
            Thread.Sleep(Timeout.Infinite);
        }
    });

    /// <inheritdoc/>
    /// <remarks>Where the handler waits for the end of the process, Windows would wait for the handler here.</remarks>
    public void Dispose()
    {
        if (!_blocks)
            _registration.Dispose();
    }
}

/// <summary>
/// Tells a second Ctrl-C from the first one that comes again: a terminal sends it to all processes in the foreground, and those that
/// started others, such as <c>dotnet run</c>, pass it on to them as well.
/// </summary>
/// <param name="time">Clock.</param>
public sealed class Interrupts(TimeProvider time)
{
    /// <summary>Within this time after the first, all are that one.</summary>
    public static readonly TimeSpan Echo = TimeSpan.FromSeconds(1);

    private long _first;

    /// <summary>Counts one.</summary>
    /// <returns>Whether it is another than the first.</returns>
    public bool IsAnother() =>
        Interlocked.CompareExchange(ref _first, time.GetTimestamp(), 0) is not 0 and var first && time.GetElapsedTime(first) >= Echo;
}
