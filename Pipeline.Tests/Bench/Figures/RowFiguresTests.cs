using Pipeline.Bench.Figures;

namespace Pipeline.Tests.Bench.Figures;

public class RowFiguresTests
{
    [Fact]
    public void Rates_are_lines_over_time_of_each_round() =>
        Assert.Equal(new Spread(500, 250, 1000), Row((1, 0), (2, 0), (4, 0)).EventsPerSecond);

    [Fact]
    public void Ipc_overhead_is_what_goes_beyond_the_cpu_time_of_one_process()
    {
        var split = Row((1, 2), (1, 4), (1, 5));
        var monolith = Row((1, 1), (1, 3), (1, 4));

        Assert.Equal(new Spread(0.25, 0.2, 0.5), Rounded(split.IpcOverhead(monolith)));
    }

    [Fact]
    public void Allocations_are_by_input_line_and_stage() =>
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
