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
