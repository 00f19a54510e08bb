using Pipeline.Bench.Cli;
using Pipeline.Bench.Figures;

namespace Pipeline.Bench.Rows;

/// <summary>Runs all rows round by round, so that what disturbs the machine for a while disturbs all of them.</summary>
internal static class Rounds
{
    /// <summary>One round to warm up, then those that count, each in an order of its own.</summary>
    /// <param name="rows">At least one; the first has a results file.</param>
    /// <param name="rounds">Rounds that count, from 1.</param>
    /// <param name="lines">Input lines.</param>
    /// <param name="tell">Told what is under way.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="BenchException">A row failed, or its result is wrong.</exception>
    public static async Task<IReadOnlyList<RowFigures>> RunAsync(
        IReadOnlyList<IRow> rows, int rounds, long lines, Action<string> tell, CancellationToken cancellationToken)
    {
        var check = new ResultCheck();
        var measured = rows.Select(_ => new List<Measurement>()).ToArray();
        for (var round = 0; round <= rounds; round++)
        {
            for (var place = 0; place < rows.Count; place++)
            {
                var index = round == 0 ? place : (place + round - 1) % rows.Count;
                var row = rows[index];
                var outcome = await row.RunAsync(cancellationToken);
                check.Require(row.Name, outcome);
                tell($"{(round == 0 ? "warm-up" : $"round {round} of {rounds}")}: {row.Name}: {lines / outcome.Measurement.Seconds:N0}/s");
                if (round > 0)
                    measured[index].Add(outcome.Measurement);
            }
        }

        return [.. rows.Select((row, index) => new RowFigures(row.Name, lines, measured[index]))];
    }
}
