using System.Collections.Concurrent;
using System.Diagnostics;

namespace Pipeline.LocalHost.Processes;

/// <summary>
/// Starts processes in sessions of their own: a Ctrl-C at the host's terminal does not reach them, and the process
/// group can be signalled as a whole. Where the system can, the kernel kills them when the host dies; it ties that to the
/// thread that started them, so one thread starts them all and lives as long as the launcher.
/// </summary>
internal sealed class ProcessLauncher : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly string[] _newSession = NewSession();
    private readonly string[] _dieWithParent = OperatingSystem.IsLinux() && ExecutablePath.Find("setpriv") is { } setpriv
        ? [setpriv, "--pdeathsig", "KILL"]
        : [];

    public ProcessLauncher() => new Thread(Run) { IsBackground = true, Name = "process launcher" }.Start();

    /// <summary>Starts a process.</summary>
    /// <param name="start">What to start; a full path.</param>
    /// <param name="diesWithParent">Whether the kernel shall kill it when the host dies.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It cannot be started.</exception>
    public Task<Process> StartAsync(ProcessStartInfo start, bool diesWithParent)
    {
        string[] command = [.. _newSession, .. diesWithParent ? _dieWithParent : [], start.FileName, .. start.ArgumentList];
        start.FileName = command[0];
        start.ArgumentList.Clear();
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);

        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception exception)
            {
                started.SetException(exception);
            }
        });
        return started.Task;
    }

    public void Dispose() => _work.CompleteAdding();

    private static string[] NewSession() =>
        OperatingSystem.IsWindows() ? []
        : ExecutablePath.Find("setsid") is { } setsid ? [setsid]
        : ExecutablePath.Find("perl") is { } perl ? [perl, "-e", "use POSIX; POSIX::setsid(); exec { $ARGV[0] } @ARGV", "--"]
        : [];

    private void Run()
    {
        foreach (var action in _work.GetConsumingEnumerable())
            action();
    }
}
