using Pipeline.Client.Runs;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The fault suite's short part: each process killed once in the middle of a small run. The long part is eng/faults.</summary>
[Collection(PipelineCollection.Name)]
public sealed class ShortFaultTests(PipelineFixture fixture)
{
    private const int Lines = 40_000;

    [Theory]
    [InlineData("broker")]
    [InlineData("ingest")]
    [InlineData("parse")]
    [InlineData("rules")]
    [InlineData("aggregate")]
    [InlineData("sink")]
    [InlineData("orchestrator")]
    public async Task Kill_AnyProcessDuringARun_SameBytes(string service)
    {
        // Input for one second, so that the kill comes before the end, on a busy machine too.
        var run = await KillAsync(service, "killed", Lines, settings => settings.Rate = Lines);

        // The data does not pass through the broker: its death causes no second attempt.
        Assert.Equal(service == "broker" ? 1 : 2, run.Attempts);
    }

    [Theory]
    [InlineData("parse")]
    [InlineData("sink")]
    [InlineData("orchestrator")]
    public async Task Run_PartitionedAndAProcessKilledInTheMiddle_SameBytes(string service)
    {
        // With one line per batch the run takes about a second.
        var run = await KillAsync(service, "partitioned", 10 * Lines, settings => (settings.BatchSize, settings.Partitions) = (1, 6));

        Assert.Contains(run.Slices, slice => slice.Attempts > 1);
    }

    // Kills a process in the middle of a run, and compares the run with an undisturbed one over the same input.
    private async Task<Run> KillAsync(string service, string folder, int lines, Action<RunSettings> configure)
    {
        var pipeline = fixture.Pipeline;
        // Waits until the process killed by the previous test is up again, as its start would slow this run down.
        await Task.WhenAll(ServiceProcesses.Services.Select(pipeline.Host.WaitForHealthyAsync));
        var input = FaultBench.Write(Path.Combine(pipeline.Folder($"{folder}-{service}"), "input.ndjson"), lines, badShare: 0.01);
        var reference = Reference.Of(await pipeline.RunAsync(MixedInput.NewRun(input, "undisturbed", checkpointIntervalMillis: 20)));
        var process = pipeline.Host.ProcessOf(service);

        var settings = MixedInput.NewRun(input, "disturbed", checkpointIntervalMillis: 20);
        configure(settings);
        var run = await pipeline.UntilAsync(await pipeline.Api.StartAsync(settings), now => now.Progress.Lines > 0);
        ServiceProcesses.Kill(process);
        Assert.Equal(RunState.Running, run.State);
        run = await pipeline.RestAsync(run);
        reference.Check(run);
        return run;
    }
}
