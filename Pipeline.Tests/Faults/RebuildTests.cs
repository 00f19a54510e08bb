using Aspire.Hosting.ApplicationModel;

namespace Pipeline.Tests.Faults;

/// <summary>Aspire's own Rebuild in the middle of a run: the run waits for the stage, and resumes.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "rebuild")]
public sealed class RebuildTests
{
    private const int Usual = 2;

    [FaultFact]
    public async Task Rebuild_InTheMiddleOfARun_ResumesWithTheSameBytes()
    {
        await using var bench = await FaultBench.StartAsync(FaultSettings.Lines);
        var takes = await bench.MeasureAsync(Pace.Steady);
        var row = new FaultRow("rebuild of parse");
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async random =>
        {
            var parse = await bench.Pipeline.Host.WaitForHealthyAsync("parse");
            var run = await bench.Pipeline.Api.StartAsync(bench.NewRun(Pace.Steady));
            await bench.MomentAsync(run, Pace.Steady, takes, random, until: 0.5);

            var rebuilt = await bench.Pipeline.Host.Application.ResourceCommands.ExecuteCommandAsync(
                parse.ResourceId, KnownResourceCommands.RebuildCommand).WaitAsync(FaultBench.Patience);

            Assert.True(rebuilt.Success, rebuilt.Message);
            await bench.FinishAsync(run);
            var after = await bench.Pipeline.Host.WaitForHealthyAsync("parse");
            Assert.Equal(
                "was stopped on demand; not restarted",
                after.Snapshot.Properties.FirstOrDefault(property => property.Name == "restart")?.Value);
        });
        row.Note = $"{bench.Evidence}";
        row.Require(bench.Evidence.Recovered > 0, "no run took a second attempt: the test is vacuous");
        row.Finish();
    }
}
