using System.Globalization;

namespace Pipeline.Bench.Services;

/// <summary>Linux's peak of resident memory, which counts from a process's start until it is told to forget.</summary>
internal static class PeakMemory
{
    /// <summary>The peak becomes what is resident now. Elsewhere than on Linux nothing happens: there it is the peak since the start.</summary>
    public static void Forget(int processId)
    {
        try
        {
            // proc(5), clear_refs: 5 resets the peak resident set size.
            if (OperatingSystem.IsLinux())
                File.WriteAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/clear_refs", "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A hardened kernel: the figure is an upper bound then.
        }
    }
}
