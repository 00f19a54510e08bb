using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>
/// One process of this machine. The operating system uses ids again: only with its start time does an id mean one process. A platform
/// call because .NET sends no signal but SIGKILL.
/// </summary>
/// <param name="Id">The process id.</param>
/// <param name="Start">Its start time. Linux: clock ticks since boot, which no change of the clock moves; elsewhere ticks of UTC.</param>
public readonly partial record struct ProcessIdentity(int Id, long Start)
{
    /// <summary>This process.</summary>
    public static ProcessIdentity Current { get; } = Find(Environment.ProcessId)!.Value;

    /// <summary>Whether it still runs, as far as can be read. A zombie does not.</summary>
    public bool IsAlive => Find(Id) is { } found ? found == this : OperatingSystem.IsLinux() && ProcessStatus.IsUnreadable(Id);

    /// <summary>The process that has this id now.</summary>
    /// <returns>Null where there is none.</returns>
    public static ProcessIdentity? Find(int id)
    {
        if (OperatingSystem.IsLinux())
            return ProcessStatus.Read(id) is { HasEnded: false } status ? new ProcessIdentity(id, status.Start) : null;
        try
        {
            using var process = Process.GetProcessById(id);
            return new ProcessIdentity(id, process.StartTime.ToUniversalTime().Ticks);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Reads what <see cref="ToString"/> wrote, and anything after another colon.</summary>
    /// <returns>Null where the text is no identity.</returns>
    public static ProcessIdentity? Parse(string? text) =>
        text?.Split(':') is [var id, var start, ..]
        && int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            ? new ProcessIdentity(number, ticks)
            : null;

    /// <summary>Kills it; does nothing where it has ended.</summary>
    /// <param name="entireTree">Its descendants, too.</param>
    /// <returns>Why it could not be killed, or null.</returns>
    public string? Kill(bool entireTree = true)
    {
        try
        {
            using var process = IsAlive ? Process.GetProcessById(Id) : null;
            process?.Kill(entireTree);
            return null;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It ended meanwhile.
            return null;
        }
        catch (Exception exception) when (exception is Win32Exception or AggregateException)
        {
            return exception.Message;
        }
    }

    /// <summary>Sends it a signal; does nothing where it has ended.</summary>
    /// <returns>Why the signal could not be sent, or null.</returns>
    [UnsupportedOSPlatform("windows")]
    public string? Send(ProcessSignal signal) =>
        !IsAlive || SendSignal(Id, Number(signal, OperatingSystem.IsMacOS())) == 0 || !IsAlive ? null : Marshal.GetLastPInvokeErrorMessage();

    /// <summary>ID:START.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id}:{Start}");

    /// <summary>Number of a signal: those of stop and continue differ between Linux and macOS.</summary>
    internal static int Number(ProcessSignal signal, bool isMacOS) => signal switch
    {
        ProcessSignal.Kill => 9,
        ProcessSignal.Terminate => 15,
        ProcessSignal.Stop => isMacOS ? 17 : 19,
        ProcessSignal.Continue => isMacOS ? 19 : 18,
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "no signal"),
    };

    [UnsupportedOSPlatform("windows")]
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}

/// <summary>A signal to a process; see signal(7).</summary>
public enum ProcessSignal
{
    /// <summary>SIGKILL: ends at once.</summary>
    Kill,

    /// <summary>SIGTERM: ends in order.</summary>
    Terminate,

    /// <summary>SIGSTOP: is suspended.</summary>
    Stop,

    /// <summary>SIGCONT: goes on.</summary>
    Continue,
}
