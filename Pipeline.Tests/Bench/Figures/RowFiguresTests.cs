using Pipeline.Bench.Figures;

namespace Pipeline.Tests.Bench.Figures;

public class RowFiguresTests
{
    [Fact]
    public void EventsPerSecond_SeveralRounds_IsLinesOverTimeOfEachRound() =>
        Assert.Equal(new Spread(500, 250, 1000), Row((1, 0), (2, 0), (4, 0)).EventsPerSecond);

    [Fact]
    public void IpcOverhead_AgainstTheMonolith_IsTheShareOfCpuTimeBeyondIt()
    {
        var split = Row((1, 2), (1, 4), (1, 5));
        var monolith = Row((1, 1), (1, 3), (1, 4));

        Assert.Equal(new Spread(0.25, 0.2, 0.5), Rounded(split.IpcOverhead(monolith)));
    }

    [Fact]
    public void AllocatedPerEvent_OneStage_IsItsBytesPerInputLine() =>
        Assert.Equal(new Spread(4, 4, 4), Row((1, 1)).AllocatedPerEvent("parse"));

    private static RowFigures Row(params (double Seconds, double Cpu)[] rounds) => new("row", 1000, [.. rounds.Select(round => new Measurement
    {
        Seconds = round.Seconds,
        CpuSeconds = round.Cpu,
        PeakRssBytes = new Dictionary<string, long>(),
        Stages = [Stage("ingest", 1000), Stage("parse", 4000)],
    })]);

    private static StageMeasurement Stage(string role, long allocated) => new()
    {
        Role = role,
        CpuSeconds = 0,
        ProcessingSeconds = 0,
        WaitingToReceiveSeconds = 0,
        WaitingToSendSeconds = 0,
        AllocatedBytes = allocated,
        BatchesIn = 0,
        BytesIn = 0,
    };

    private static Spread Rounded(Spread figure) => new(Math.Round(figure.Median, 9), Math.Round(figure.Min, 9), Math.Round(figure.Max, 9));
}
