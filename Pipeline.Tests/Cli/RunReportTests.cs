using Pipeline.Client.Runs;

namespace Pipeline.Tests.Cli;

public sealed class RunReportTests
{
    [Theory]
    [InlineData(new long[] { 900, 800, 20, 0 }, "parse")]
    [InlineData(new long[] { 900, 850, 800, 790 }, "aggregate")]
    [InlineData(new long[] { 900, 10, 10, 10 }, "ingest")]
    [InlineData(new long[] { 40, 10, 10, 10 }, null)]
    [InlineData(new long[] { 0, 0, 0, 0 }, null)]
    public void WaitingEdge_FiguresOfARoute_IsTheLowestOfTheLongestWaits(long[] waitingToSend, string? above)
    {
        string[] roles = ["ingest", "parse", "rules", "aggregate", "sink"];
        var stages = roles.Select((role, at) => new StageFigures
        {
            InstanceId = role,
            Role = role,
            WaitingToSendMicros = at < 4 ? waitingToSend[at] : 0,
            ProcessingMicros = at < 4 ? 1_000 - waitingToSend[at] : 1_000,
        }).ToList();
        Assert.Equal(above, StageFigures.WaitingEdge(stages)?.Above.Role);
    }

    [Fact]
    public void WaitingEdge_OneStage_IsNull() => Assert.Null(StageFigures.WaitingEdge([new StageFigures { InstanceId = "a", Role = "a" }]));
}
