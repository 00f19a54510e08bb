using Pipeline.Client.Runs;
using Pipeline.Client.Views;

namespace Pipeline.Tests.Client.Views;

public sealed class RateMeterTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Take_StageThatTellsNoTimesAndBytes_LeavesThemUnknown()
    {
        var meter = new RateMeter();
        var stage = new StageFigures { InstanceId = "rules-0", Role = "rules", ItemsIn = 1_000, ItemsOut = 500 };

        meter.Take(Completed(stage));

        Assert.Equal(new StageRate(500, 250, null, null, null, null), meter[stage]);
    }

    [Fact]
    public void Take_StageThatTellsTimes_HasTheirShares()
    {
        var meter = new RateMeter();
        var stage = new StageFigures
        {
            InstanceId = "rules-0", Role = "rules", ItemsIn = 1_000, BytesIn = 1, ProcessingMicros = 100, WaitingToReceiveMicros = 300,
        };

        meter.Take(Completed(stage));

        Assert.Equal(new StageRate(500, 0, 0, 0.25, 0.75, 0), meter[stage]);
    }

    [Fact]
    public void Take_NoTimeAddedBetweenTwoReports_NoneOfItIsUnknown()
    {
        var meter = new RateMeter();
        var stage = new StageFigures { InstanceId = "sink-0", Role = "sink", ItemsIn = 10, ProcessingMicros = 100, BytesOut = 1 };
        var run = Completed(stage) with { State = RunState.Running };
        meter.Take(run);
        var later = stage with { BytesOut = 2_001 };

        meter.Take(run with { Stages = [later], Updated = Noon.AddSeconds(1) });

        Assert.Equal(new StageRate(0, 0, 2_000, 0, 0, 0), meter[later]);
    }

    private static Run Completed(StageFigures stage) =>
        SampleRun.New(state: RunState.Completed, at: Noon) with { Attempts = 1, ElapsedMicros = 2_000_000, Stages = [stage] };
}
