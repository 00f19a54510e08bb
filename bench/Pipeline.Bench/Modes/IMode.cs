namespace Pipeline.Bench.Modes;

/// <summary>One of the benchmarks.</summary>
internal interface IMode
{
    /// <summary>Measures and reports.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
