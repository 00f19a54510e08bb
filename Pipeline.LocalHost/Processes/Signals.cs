using System.Runtime.InteropServices;

namespace Pipeline.LocalHost.Processes;

/// <summary>Sends POSIX signals.</summary>
internal static partial class Signals
{
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>The number differs between Linux and the BSDs, macOS among them.</summary>
    public static int Continue => OperatingSystem.IsLinux() ? 18 : 19;

    /// <summary>Sends a signal; a process that is gone is no error.</summary>
    /// <param name="pid">A process, or minus the id of a process group.</param>
    /// <param name="signal">Which.</param>
    public static void Send(int pid, int signal) => _ = SendCore(pid, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendCore(int pid, int signal);
}
