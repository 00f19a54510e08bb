using System.Diagnostics;
using Pipeline.Cli;

namespace Pipeline.Tests.Cli;

/// <summary>Whoever reads standard output goes away, as head does.</summary>
public sealed class ClosedPipeTests
{
    [UnixFact]
    public async Task Command_NobodyReadsItsOutput_EndsWithoutAMessage()
    {
        // More than a pipe holds.
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", [typeof(CommandLine).Assembly.Location, "generate", "--count", "1000000", "--output", "-"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        process.StandardOutput.Close();

        Assert.Equal("", await process.StandardError.ReadToEndAsync().WaitAsync(Waiting.Limit));
        await process.WaitForExitAsync().WaitAsync(Waiting.Limit);
        Assert.Equal(ExitCodes.Failed, process.ExitCode);
    }
}
