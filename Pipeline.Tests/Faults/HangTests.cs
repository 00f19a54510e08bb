using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Pipeline.AppHost;

namespace Pipeline.Tests.Faults;

/// <summary>SIGSTOP: a process that is there and does nothing is found, replaced, and its work done by the next one.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "hang")]
public sealed class HangTests
{
    private const int Usual = 2;

    /// <summary>A stop that came after the run's end shows only half of it, and is tried again.</summary>
    private const int MaxTries = 4;

    private static readonly TimeSpan Found = TimeSpan.FromSeconds(5);

    /// <summary>The lease's time to live, and the silence after it.</summary>
    private static readonly TimeSpan FoundByLease = TimeSpan.FromSeconds(10);

    [FaultFact]
    public async Task Supervisor_StageSuspended_IsReplacedWithinFiveSeconds()
    {
        await using var bench = await FaultBench.StartAsync(FaultSettings.Lines);
        var takes = await bench.MeasureAsync(Pace.Steady);
        var row = new FaultRow("SIGSTOP of each stage");
        var slowest = TimeSpan.Zero;
        foreach (var stage in EndToEnd.PipelineUnderTest.Stages)
        {
            for (var i = 0; i < FaultSettings.Repeat(Usual); i++)
            {
                await row.OnceAsync($"{stage}/{i}", async random =>
                {
                    var within = false;
                    for (var tries = 0; tries < MaxTries && !within; tries++)
                    {
                        (var took, within) = await HangAsync(bench, stage, random, takes);
                        slowest = took > slowest ? took : slowest;
                        Assert.True(took <= Found, $"{stage} was found after {took.TotalSeconds:0.00} s");
                    }

                    Assert.True(within, "each run was over before its stage was stopped");
                });
            }
        }

        row.Note = string.Create(CultureInfo.InvariantCulture, $"found within {slowest.TotalSeconds:0.0} s, {bench.Evidence}");
        row.Require(bench.Evidence.Recovered > 0, "no run took a second attempt: the test is vacuous");
        row.Finish();
    }

    [FaultFact]
    public async Task Supervisor_ProcessWithoutHttpSuspended_IsReplacedAfterItsLease()
    {
        // A second Parse, started as a process of the user's own is: without an endpoint of Aspire's.
        await using var pipeline = await EndToEnd.PipelineUnderTest.StartAsync(
            $"--Pipeline:Processes:own:Command={ServiceFiles.PathOf(new Projects.Pipeline_Stages_Parse())}",
            $"--Pipeline:Processes:own:Environment:{ServiceFiles.DotnetRoot}={ServiceFiles.RuntimeFolder}",
            "--Pipeline:Processes:own:Restart:Policy=Always");
        var row = new FaultRow("SIGSTOP of a process without HTTP");
        var slowest = TimeSpan.Zero;
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async _ =>
        {
            await RegisteredAsync(pipeline, 2);
            Assert.True(pipeline.Host.Application.ResourceNotifications.TryGetCurrentState("own", out var own));
            var process = (int)own.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value!;
            var found = pipeline.Host.WaitForAsync("own", change =>
                change.Snapshot.Properties.Any(property => property.Value is "does not answer; is being replaced"));
            Signals.Stop(process);
            var stopped = Stopwatch.GetTimestamp();
            await found;
            var took = Stopwatch.GetElapsedTime(stopped);
            slowest = took > slowest ? took : slowest;
            await pipeline.Host.WaitForAsync("own", change => change.Snapshot.State?.Text == KnownResourceStates.Running
                && change.Snapshot.Properties.Any(property => property is { Name: "executable.pid", Value: int id } && id != process));
        });
        await RegisteredAsync(pipeline, 2);
        row.Note = string.Create(CultureInfo.InvariantCulture, $"found within {slowest.TotalSeconds:0.0} s");
        row.Require(slowest <= FoundByLease, "found too late");
        row.Finish();
    }

    private static Task RegisteredAsync(EndToEnd.PipelineUnderTest pipeline, int count) =>
        pipeline.TopologyAsync(topology => topology.Instances.Count(instance => instance is { Role: "parse", State: "live" }) == count);

    private static async Task<(TimeSpan Took, bool Within)> HangAsync(FaultBench bench, string stage, Random random, TimeSpan takes)
    {
        var process = await bench.ProcessOfAsync(stage);
        var run = await bench.Pipeline.Api.StartAsync(bench.NewRun(Pace.Steady));
        await bench.MomentAsync(run, Pace.Steady, takes, random, until: 0.8);
        var found = bench.Pipeline.Host.WaitForAsync(stage, change =>
            change.Snapshot.Properties.Any(property => property.Value is "does not answer; is being replaced"));
        var struck = DateTimeOffset.UtcNow;
        Signals.Stop(process);
        var stopped = Stopwatch.GetTimestamp();
        await found;
        var took = Stopwatch.GetElapsedTime(stopped);
        run = await bench.FinishAsync(run);
        // The kill of the tree may wake it up first: then it may complete its work, and the run need not take a second attempt.
        await bench.ProcessOfAsync(stage, former: process);
        return (took, run.Ended > struck);
    }
}
