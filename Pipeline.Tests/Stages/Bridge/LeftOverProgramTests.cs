using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Bridge;

namespace Pipeline.Tests.Stages.Bridge;

/// <summary>A bridge as a process of its own, and the program that it starts.</summary>
public sealed class LeftOverProgramTests : IDisposable
{
    private readonly Process _appHost = Process.Start("sleep", "1000");

    public void Dispose()
    {
        _appHost.Kill();
        _appHost.Dispose();
    }

    [UnixFact]
    public async Task AppHost_KilledDuringAnAttempt_ProgramEndsWithTheBridge()
    {
        var port = FreePort.Find();
        using var bridge = Process.Start(new ProcessStartInfo("dotnet", [typeof(BridgeStage).Assembly.Location])
        {
            RedirectStandardOutput = true,
            Environment =
            {
                ["PIPELINE_KEY"] = "key",
                ["PIPELINE_GRPC_PORT"] = $"{port}",
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["Bridge__Role"] = "audit",
                // It reads no input, and so does not learn that the bridge has ended.
                ["Bridge__Command"] = "sleep",
                ["Bridge__Arguments__0"] = "1000",
                [AppHostWatch.Variable] = $"{ProcessIdentity.Find(_appHost.Id)}",
            },
        })!;
        ProcessIdentity? program = null;
        try
        {
            program = ProcessIdentity.Find(int.Parse(await ReadToAsync(bridge, "as process ", ','), CultureInfo.InvariantCulture))!.Value;
            await ReadToAsync(bridge, "Application started", '.');
            using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
            var key = new Metadata { { "authorization", "Bearer key" } };
            using var attempt = new Stage.StageClient(channel).Process(key);
            // By the same connection: the attempt is there before this is answered.
            await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest(), key);

            _appHost.Kill();
            await bridge.WaitForExitAsync().WaitAsync(Waiting.Limit);

            await Waiting.UntilAsync(() => !program.Value.IsAlive, "the program's end", Waiting.Limit);
        }
        finally
        {
            bridge.Kill();
            program?.Kill();
        }
    }

    private static async Task<string> ReadToAsync(Process process, string text, char end)
    {
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(Waiting.Limit) is { } line)
        {
            if (line.IndexOf(text, StringComparison.Ordinal) is >= 0 and var at)
                return line[(at + text.Length)..].Split(end)[0];
        }

        throw new InvalidOperationException($"the bridge ended before '{text}'");
    }
}
