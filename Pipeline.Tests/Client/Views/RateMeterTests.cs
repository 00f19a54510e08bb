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
            InstanceId = "rules-0", Role = "rules", ItemsIn = 1_000, ProcessingMicros = 100, WaitingToReceiveMicros = 300,
        };

        meter.Take(Completed(stage));

        Assert.Equal(new StageRate(500, 0, 0, 0.25, 0.75, 0), meter[stage]);
    }

    private static Run Completed(StageFigures stage) => new()
    {
        Id = "r", State = RunState.Completed, Attempts = 1, Created = Noon, Updated = Noon, ElapsedMicros = 2_000_000, Options = new(),
        Input = "/in", Output = "/out", Stages = [stage],
    };
}
