using Pipeline.Bench.Cli;
using Pipeline.Bench.Figures;
using Pipeline.Bench.Reports;
using Pipeline.Bench.Rows;
using Pipeline.Bench.Services;
using Pipeline.Client.Runs;

namespace Pipeline.Bench.Modes;

/// <summary>Paced runs: how long a line takes from being read to being applied by Aggregate.</summary>
internal sealed class Latency(BenchOptions options) : IMode
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var session = new Session();
        var workload = await InputFile.GenerateAsync(session, options.Count, options.Workload, options.Payload, cancellationToken);
        await using var services = await PipelineServices.StartAsync(session, cancellationToken);
        List<IRow> rows = [.. options.BatchSizes.Select(size => SplitRow.OfBatchSize(size, services, workload, options.Rate))];
        var figures = await Rounds.RunAsync(rows, options.Runs, workload.Lines, Console.Error.WriteLine, cancellationToken);

        var table = new Table(
            FormattableString.Invariant($"Latency at {options.Rate:N0} lines/s, milliseconds"),
            ["", "p50", "p99", "p99.9", "max", "lines/s", "CPU s"],
            [.. figures.Select(Row)],
            "Line due to be read to applied by Aggregate. Median of the rounds (least to greatest).");
        var report = new Report("Latency", Setting.Of(options, workload), [table], figures);
        report.WriteTo(Console.Out);
        if (options.Report is { } folder)
            ReportFolder.Write(folder, report, null);
    }

    private static string[] Row(RowFigures row) =>
    [
        row.Name,
        Millis(row, latency => latency.P50Micros),
        Millis(row, latency => latency.P99Micros),
        Millis(row, latency => latency.P999Micros),
        Millis(row, latency => latency.MaxMicros),
        Format.Whole(row.EventsPerSecond),
        Format.Fraction(row.CpuSeconds),
    ];

    private static string Millis(RowFigures row, Func<LatencyFigures, long> quantile) =>
        Format.Fraction(row.Over(round => quantile(LatencyOf(row, round)) / 1e3));

    private static LatencyFigures LatencyOf(RowFigures row, Measurement round) =>
        round.Stages.Select(stage => stage.Latency).FirstOrDefault(latency => latency is not null)
            ?? throw new BenchException($"{row.Name}: no stage has measured a latency");
}
