using System.Globalization;
using System.Runtime.InteropServices;

namespace Pipeline.Tests;

/// <summary>Signals to processes (kill(2)), without a program for it, which a bare machine may lack.</summary>
internal static partial class Signals
{
    private const int InterruptSignal = 2;
    private const int TerminateSignal = 15;
    private const int ContinueSignal = 18;
    private const int StopSignal = 19;

    /// <summary>Whether Ctrl-C is ignored here, as it is in the background of a shell without job control: processes started here inherit that.</summary>
    public static bool IgnoresInterrupt => OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").Single(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is var ignored
        && (ulong.Parse(ignored.AsSpan("SigIgn:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & (1UL << (InterruptSignal - 1))) != 0;

    /// <summary>As Ctrl-C does.</summary>
    public static void Interrupt(int process) => Send(process, InterruptSignal);

    public static void Terminate(int process) => Send(process, TerminateSignal);

    /// <summary>Lets it hang; Linux only, as <see cref="Continue"/> is.</summary>
    public static void Stop(int process) => Send(process, StopSignal);

    public static void Continue(int process) => Send(process, ContinueSignal);

    private static void Send(int process, int signal) => Assert.Equal(0, SendSignal(process, signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
