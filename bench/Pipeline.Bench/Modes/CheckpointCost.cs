using Pipeline.Bench.Cli;
using Pipeline.Bench.Reports;
using Pipeline.Bench.Rows;
using Pipeline.Bench.Services;
using Pipeline.Client.Runs;

namespace Pipeline.Bench.Modes;

/// <summary>What checkpoints cost: runs with the default interval beside runs with only the first and the final one.</summary>
internal sealed class CheckpointCost(BenchOptions options) : IMode
{
    private const int BatchSize = 1_000;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var session = new Session();
        var workload = await InputFile.GenerateAsync(session, options.Count, options.Workload, options.Payload, cancellationToken);
        await using var services = await PipelineServices.StartAsync(session, cancellationToken);
        var settings = new RunSettings { BatchSize = BatchSize };
        List<IRow> rows =
        [
            new SplitRow("a checkpoint every second", services, workload, settings),
            new SplitRow("only the first and the final checkpoint", services, workload, settings with { CheckpointIntervalMillis = 0 }),
        ];
        var figures = await Rounds.RunAsync(rows, options.Runs, workload.Lines, Console.Error.WriteLine, cancellationToken);
        if (figures[0].Over(round => round.Checkpoints).Max < 3)
            throw new BenchException("no run lasted long enough for a checkpoint between its first and its last: choose a larger --count");

        var table = new Table(
            "Cost of checkpoints, batch 1000",
            ["", "lines/s", "against only the first and the final one", "checkpoints", "CPU s"],
            [
                .. figures.Select(row => (string[])
                [
                    row.Name,
                    Format.Whole(row.EventsPerSecond),
                    Format.Ratio(row.Against(figures[1])),
                    Format.Whole(row.Over(round => round.Checkpoints)),
                    Format.Fraction(row.CpuSeconds),
                ]),
            ],
            "Ratios round by round. Median of the rounds (least to greatest).");
        var report = new Report("Cost of checkpoints", Setting.Of(options, workload), [table], figures);
        report.WriteTo(Console.Out);
        if (options.Report is { } folder)
            ReportFolder.Write(folder, report, null);
    }
}
