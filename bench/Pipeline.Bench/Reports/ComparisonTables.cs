using Pipeline.Bench.Figures;
using Pipeline.Bench.Rows;

namespace Pipeline.Bench.Reports;

/// <summary>The tables of the comparison.</summary>
internal static class ComparisonTables
{
    private const string Rounds = "Median of the rounds (least to greatest).";

    /// <summary>All of them.</summary>
    /// <param name="rows">Rows as measured.</param>
    /// <param name="unit">What a line is, in the plural.</param>
    public static IReadOnlyList<Table> Of(IReadOnlyList<RowFigures> rows, string unit)
    {
        var split = rows.Where(row => row.Stages.Count > 0).ToList();
        return [Throughput(rows, unit), Stages(split), Allocations(split, unit), Memory(rows)];
    }

    private static Table Throughput(IReadOnlyList<RowFigures> rows, string unit)
    {
        var batch1 = Find(SplitRow.NameOf(1));
        var one = Find(MonolithRow.NameOf(1))!;
        var two = Find(MonolithRow.NameOf(2))!;
        var duckDb = Find(DuckDbRow.RowName);
        return new Table(
            "Throughput",
            ["", $"{unit}/s", "x batch 1", "x monolith, 1 thread", "x monolith, 2 threads", "x DuckDB", "CPU s", $"CPU ns per {unit[..^1]}",
                "IPC overhead", "checkpoints"],
            [
                .. rows.Select(row => (string[])
                [
                    row.Name,
                    Format.Whole(row.EventsPerSecond),
                    Against(row, batch1),
                    Against(row, one),
                    Against(row, two),
                    Against(row, duckDb),
                    Format.Fraction(row.CpuSeconds),
                    Format.Whole(row.CpuNanosPerEvent),
                    row.Stages.Count > 0 ? Format.Percent(row.IpcOverhead(one)) : Format.None,
                    row.Stages.Count > 0 ? Format.Whole(row.Over(round => round.Checkpoints)) : Format.None,
                ]),
            ],
            $"{Rounds} Ratios and overhead round by round. CPU of split rows: the five stage processes.");

        RowFigures? Find(string name) => rows.FirstOrDefault(row => row.Name == name);
    }

    private static Table Stages(IReadOnlyList<RowFigures> rows) => new(
        "Where each stage's time goes, seconds",
        ["", "stage", "processing", "waiting to receive", "waiting to send", "CPU"],
        [
            .. rows.SelectMany(row => row.Stages.Select(stage => (string[])
            [
                row.Name,
                stage,
                Format.Fraction(row.Over(stage, one => one.ProcessingSeconds)),
                Format.Fraction(row.Over(stage, one => one.WaitingToReceiveSeconds)),
                Format.Fraction(row.Over(stage, one => one.WaitingToSendSeconds)),
                Format.Fraction(row.Over(stage, one => one.CpuSeconds)),
            ])),
        ],
        Rounds);

    private static Table Allocations(IReadOnlyList<RowFigures> rows, string unit) => new(
        $"Allocated on the managed heap, bytes per {unit[..^1]}",
        ["", .. rows[0].Stages],
        [.. rows.Select(row => (string[])[row.Name, .. row.Stages.Select(stage => Format.Fraction(row.AllocatedPerEvent(stage)))])],
        $"{Rounds} Whole process, by input line.");

    private static Table Memory(IReadOnlyList<RowFigures> rows)
    {
        var processes = rows.SelectMany(row => row.Processes).Distinct().ToArray();
        return new Table(
            "Peak resident memory, MB",
            ["", .. processes],
            [
                .. rows.Select(row => (string[])
                [
                    row.Name,
                    .. processes.Select(process => row.Processes.Contains(process)
                        ? Format.Megabytes(row.Over(round => round.PeakRssBytes[process]))
                        : Format.None),
                ]),
            ],
            $"{Rounds} \"bench\" is the benchmark's own process, in which the monolith and DuckDB run one after another: an upper bound.");
    }

    private static string Against(RowFigures row, RowFigures? other) =>
        other is null || row == other ? Format.None : Format.Ratio(row.Against(other));
}
