using System.Buffers.Text;
using System.Diagnostics;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>The most memory that this process has held.</summary>
internal static class PeakMemory
{
    private const string StatusFile = "/proc/self/status";

    // "VmHWM:     12345 kB", see proc_pid_status(5).
    private static ReadOnlySpan<byte> Label => "VmHWM:"u8;

    /// <summary>Resident bytes at their highest. On Linux the one line that tells: the runtime's own figure looks at every thread for it.</summary>
    public static long ReadBytes()
    {
        if (OperatingSystem.IsLinux())
        {
            Span<byte> status = stackalloc byte[4096];
            using var file = File.OpenHandle(StatusFile);
            if (TryParse(status[..RandomAccess.Read(file, status, 0)], out var bytes))
            {
                return bytes;
            }
        }

        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>Finds the line.</summary>
    /// <param name="status">What the file says.</param>
    /// <param name="bytes">What the line says.</param>
    public static bool TryParse(ReadOnlySpan<byte> status, out long bytes)
    {
        bytes = 0;
        var at = status.IndexOf(Label);
        if (at < 0 || !Utf8Parser.TryParse(status[(at + Label.Length)..].TrimStart(" \t"u8), out long kilobytes, out _))
        {
            return false;
        }

        bytes = kilobytes * 1024;
        return true;
    }
}
