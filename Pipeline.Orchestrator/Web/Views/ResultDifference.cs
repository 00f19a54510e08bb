namespace Pipeline.Orchestrator.Web.Views;

/// <summary>A line in which two results differ.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="First">In the first file; null: it has ended.</param>
/// <param name="Second">In the second file; null: it has ended.</param>
internal sealed record DifferentLine(long Line, string? First, string? Second);

/// <summary>In what two results differ.</summary>
/// <param name="Lines">The first lines that differ; empty: they have the same content.</param>
/// <param name="Compared">Lines that were compared.</param>
internal sealed record ResultDifference(IReadOnlyList<DifferentLine> Lines, long Compared)
{
    /// <summary>Differences that are looked for at most.</summary>
    public const int MaxLines = 10;

    /// <summary>Compares two results line by line, up to the first differences.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static async Task<ResultDifference> ReadAsync(string first, string second, CancellationToken cancellationToken)
    {
        await using var left = ResultSummary.LinesOf(first, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var right = ResultSummary.LinesOf(second, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var different = new List<DifferentLine>();
        var line = 0L;
        while (different.Count < MaxLines)
        {
            var former = await left.MoveNextAsync() ? left.Current : null;
            var latter = await right.MoveNextAsync() ? right.Current : null;
            if (former is null && latter is null)
                break;
            line++;
            if (former != latter)
                different.Add(new(line, former, latter));
        }

        return new(different, line);
    }
}
