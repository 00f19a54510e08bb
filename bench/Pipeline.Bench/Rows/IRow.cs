using Pipeline.Bench.Figures;

namespace Pipeline.Bench.Rows;

/// <summary>One way to do the work; a row of the report.</summary>
internal interface IRow
{
    /// <summary>Name in the report.</summary>
    string Name { get; }

    /// <summary>Does it once.</summary>
    Task<Outcome> RunAsync(CancellationToken cancellationToken);
}

/// <summary>What came of it.</summary>
/// <param name="Measurement">What it took.</param>
/// <param name="Results">Bytes of the results file; null where there is none, and Groups stand instead.</param>
/// <param name="Groups">The same in figures.</param>
internal sealed record Outcome(Measurement Measurement, byte[]? Results, IReadOnlyList<GroupResult>? Groups = null);

/// <summary>One group of the result.</summary>
internal sealed record GroupResult(string Key, long Count, decimal Sum, double Avg);
