using Pipeline.Cli.Generator;
using Pipeline.Client.Runs;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The bridges that need no program, all in one route.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class BridgeTests
{
    private const int Lines = 20_000;

    [Fact]
    public async Task Run_LogAndPolicyInTheRouteAndPolicyKilled_HasTheMonolithsBytes()
    {
        await using var pipeline = await PipelineUnderTest.StartAsync(
            "--Pipeline:Processes:audit:Role=audit",
            "--Pipeline:Processes:audit:BuiltIn=log",
            "--Pipeline:Processes:privacy:Role=privacy",
            "--Pipeline:Processes:privacy:BuiltIn=policy",
            "--Pipeline:Processes:privacy:Environment:Bridge__Policy__Masked__0=user",
            "--Pipeline:Restart:InitialDelay=00:00:00.02");
        var input = Path.Combine(pipeline.Folder("input"), "input.ndjson");
        await using (var file = File.Create(input))
        {
            LineGenerator.Write(new GeneratorOptions { Count = Lines }, file, null, CancellationToken.None);
        }

        var monolith = await RunTests.MonolithAsync(input, Path.Combine(pipeline.Folder("input"), "monolith.ndjson"), pipeline.Folder("input"));
        var settings = new RunSettings
        {
            Input = input,
            Output = Path.Combine(pipeline.Folder("run"), "results.ndjson"),
            BatchSize = 100,
            MaxLineBytes = MixedInput.MaxLineBytes,
            CheckpointIntervalMillis = 20,
            Rate = Lines / 5.0,
            Route = ["ingest", "parse", "audit", "privacy", "rules", "aggregate", "sink"],
        };
        var run = await pipeline.UntilAsync(await pipeline.Api.StartAsync(settings), now => now.Progress.Lines > 0);

        ServiceProcesses.Kill(pipeline.Host.ProcessOf("privacy"));
        run = await pipeline.RestAsync(run);

        Assert.Equal((RunState.Completed, 2), (run.State, run.Attempts));
        Assert.Equal(await File.ReadAllBytesAsync(monolith.Output), await File.ReadAllBytesAsync(run.Output));
    }
}
