using System.Diagnostics;
using Pipeline.Cli;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

/// <summary>The terminal of a process is closed.</summary>
public sealed class HangUpTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [UnixFact]
    public async Task HangUp_CommandAtWork_IsInterrupted()
    {
        using var process = Start(typeof(CommandLine).Assembly.Location, "generate", "--count", "1000000000", "--output", "-");
        await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);

        Signals.HangUp(process.Id);

        await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null).WaitAsync(Patience);
        Assert.Equal("error: interrupted\n", await process.StandardError.ReadToEndAsync().WaitAsync(Patience));
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(ExitCodes.Interrupted, process.ExitCode);
    }

    [UnixFact]
    public async Task HangUp_ServiceWithoutAppHost_StopsAsAsked()
    {
        using var process = Start(typeof(Pipeline.Broker.BrokerHost).Assembly.Location);
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Patience) is { } line && !line.Contains("Application started", StringComparison.Ordinal))
        {
        }

        Signals.HangUp(process.Id);

        await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null).WaitAsync(Patience);
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(0, process.ExitCode);
    }

    private static Process Start(string assembly, params string[] args)
    {
        string[] command = [.. Signals.AreIgnored ? ["env", "--default-signal=INT,HUP"] : Array.Empty<string>(), "dotnet", assembly, .. args];
        return Programs.Start(new ProcessStartInfo(command[0], command[1..])
        {
            Environment = { ["PIPELINE_KEY"] = "key", ["ASPNETCORE_URLS"] = "http://127.0.0.1:0", ["PIPELINE_GRPC_PORT"] = "0" },
        });
    }
}
