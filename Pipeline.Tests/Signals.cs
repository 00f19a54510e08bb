using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Pipeline.Tests;

/// <summary>Signals to processes by system calls: a minimal machine may lack the program kill.</summary>
internal static partial class Signals
{
    private const uint CtrlBreakEvent = 1;
    private const int HangUpSignal = 1;
    private const int InterruptSignal = 2;
    private const int TerminateSignal = 15;
    private const int ContinueSignal = 18;
    private const int StopSignal = 19;

    /// <summary>
    /// Whether Ctrl-C or the end of the terminal is ignored here, as in the background of a shell without job control or with nohup:
    /// processes started here inherit that.
    /// </summary>
    public static bool AreIgnored => OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").Single(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is var ignored
        && (ulong.Parse(ignored.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            & ((1UL << (InterruptSignal - 1)) | (1UL << (HangUpSignal - 1)))) != 0;

    /// <summary>As Ctrl-C does. On Windows it is Ctrl-Break to a process that leads its group: Ctrl-C cannot be sent to one group only.</summary>
    public static void Interrupt(int process)
    {
        if (OperatingSystem.IsWindows())
            Assert.True(GenerateConsoleCtrlEvent(CtrlBreakEvent, (uint)process));
        else
            Send(process, InterruptSignal);
    }

    /// <summary>As closing the terminal does; not on Windows, where nobody can send that.</summary>
    public static void HangUp(int process) => Send(process, HangUpSignal);

    public static void Terminate(int process) => Send(process, TerminateSignal);

    /// <summary>Lets it hang; Linux only, as <see cref="Continue"/> is.</summary>
    public static void Stop(int process) => Send(process, StopSignal);

    public static void Continue(int process) => Send(process, ContinueSignal);

    private static void Send(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    [SupportedOSPlatform("windows")]
    private static partial bool GenerateConsoleCtrlEvent(uint controlEvent, uint processGroup);
}

/// <summary>Tests kill processes, and a runtime that is killed leaves its diagnostic sockets and pipes in the temporary folder: these have none.</summary>
internal static class KilledProcesses
{
    private const string Diagnostics = "DOTNET_EnableDiagnostics";

    /// <summary>Whoever wants to look into one sets the variable.</summary>
    [ModuleInitializer]
    internal static void LeaveNothing()
    {
        if (Environment.GetEnvironmentVariable(Diagnostics) is null)
            Environment.SetEnvironmentVariable(Diagnostics, "0");
    }
}
