using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>The most memory that this process has held.</summary>
/// <remarks>
/// A platform call because .NET has no such figure on macOS: Process.PeakWorkingSet64 is 0 there. On Linux /proc has it; getrusage counts
/// what the process held before its exec, too.
/// </remarks>
internal static partial class PeakMemory
{
    /// <summary>Where the system does not tell.</summary>
    public const long Unknown = -1;

    private const string StatusFile = "/proc/self/status";

    // "VmHWM:     12345 kB", see proc_pid_status(5).
    private static ReadOnlySpan<byte> Label => "VmHWM:"u8;

    /// <summary>Resident bytes at their highest, or <see cref="Unknown"/>.</summary>
    public static long ReadBytes()
    {
        var bytes = OperatingSystem.IsLinux() ? ReadStatus(StatusFile)
            : OperatingSystem.IsMacOS() ? Usage.ReadMaxRss()
            : ReadWorkingSet();
        return bytes > 0 ? bytes : Unknown;
    }

    /// <summary>Reads the one line that tells: the runtime's own figure looks at every thread for it.</summary>
    internal static long ReadStatus(string path)
    {
        try
        {
            Span<byte> status = stackalloc byte[4096];
            using var file = File.OpenHandle(path);
            return Parse(status[..RandomAccess.Read(file, status, 0)]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A container without /proc.
            return Unknown;
        }
    }

    /// <summary>Finds the line.</summary>
    /// <param name="status">What the file says.</param>
    /// <returns>Bytes, or <see cref="Unknown"/>.</returns>
    internal static long Parse(ReadOnlySpan<byte> status)
    {
        var at = status.IndexOf(Label);
        return at >= 0 && Utf8Parser.TryParse(status[(at + Label.Length)..].TrimStart(" \t"u8), out long kilobytes, out _)
            ? kilobytes * 1024
            : Unknown;
    }

    private static long ReadWorkingSet()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>struct rusage: two struct timeval of 16 bytes, then ru_maxrss as a long; see getrusage(2).</summary>
    [UnsupportedOSPlatform("windows")]
    internal static partial class Usage
    {
        private const int Self = 0;
        private const int MaxRss = 4;

        /// <summary>The figure in the system's unit: bytes on macOS, kilobytes on Linux.</summary>
        public static long ReadMaxRss()
        {
            Span<long> usage = stackalloc long[32];
            return Read(Self, ref MemoryMarshal.GetReference(usage)) == 0 ? usage[MaxRss] : Unknown;
        }

        [LibraryImport("libc", EntryPoint = "getrusage")]
        private static partial int Read(int who, ref long usage);
    }
}
