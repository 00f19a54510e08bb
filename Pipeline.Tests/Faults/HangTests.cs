using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Tests.Faults;

/// <summary>SIGSTOP: a process that is there and does nothing is found, replaced, and its work done by the next one.</summary>
[Collection(FaultCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "hang")]
public sealed class HangTests
{
    private const int Usual = 2;

    private static readonly TimeSpan Found = TimeSpan.FromSeconds(5);

    [FaultFact]
    public async Task A_stage_that_hangs_is_found_in_five_seconds_and_replaced()
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
                    var took = await HangAsync(bench, stage, random, takes);
                    slowest = took > slowest ? took : slowest;
                    Assert.True(took <= Found, $"{stage} was found after {took.TotalSeconds:0.00} s");
                });
            }
        }

        row.Note = string.Create(CultureInfo.InvariantCulture, $"found within {slowest.TotalSeconds:0.0} s, {bench.Evidence}");
        row.Require(bench.Evidence.Recovered > 0, "no run took a second attempt: the test is vacuous");
        row.Finish();
    }

    private static async Task<TimeSpan> HangAsync(FaultBench bench, string stage, Random random, TimeSpan takes)
    {
        var process = await bench.ProcessOfAsync(stage);
        var run = await bench.Pipeline.Api.StartAsync(bench.NewRun(Pace.Steady));
        await bench.MomentAsync(run, Pace.Steady, takes, random, until: 0.8);
        var found = bench.Pipeline.Host.WaitForAsync(stage, change =>
            change.Snapshot.Properties.Any(property => property.Value is "does not answer; is being replaced"));
        var struck = DateTimeOffset.UtcNow;
        ServiceProcesses.Stop(process);
        var stopped = Stopwatch.GetTimestamp();
        await found;
        var took = Stopwatch.GetElapsedTime(stopped);
        run = await bench.FinishAsync(run);
        // Whoever replaces it may wake it up first, so that it may still end its work in order, and the run need not take a second attempt.
        Assert.True(run.Ended > struck, "the run was over before its stage was stopped");
        await bench.ProcessOfAsync(stage, former: process);
        return took;
    }
}
