using System.Diagnostics;

namespace Pipeline.Tests;

/// <summary>Programs as processes of their own.</summary>
internal static class Programs
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Starts one, and waits for its end.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(ProcessStartInfo start)
    {
        using var process = Start(start);
        try
        {
            return await process.EndAsync();
        }
        finally
        {
            // One that does not end would keep running.
            process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts one whose end is awaited later.</summary>
    public static Process Start(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        return Process.Start(start)!;
    }

    public static async Task<(int Code, string Output, string Error)> EndAsync(this Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Patience);
        return (process.ExitCode, await output, await error);
    }
}
