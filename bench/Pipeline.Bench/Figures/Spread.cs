namespace Pipeline.Bench.Figures;

/// <summary>A figure over all rounds.</summary>
/// <param name="Median">The middle one; of an even number the mean of the two in the middle.</param>
/// <param name="Min">The least.</param>
/// <param name="Max">The greatest.</param>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    /// <summary>Of one figure per round.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Spread Of(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        if (sorted.Length == 0)
            throw new ArgumentException("No round, no figure.", nameof(figures));
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }

    /// <summary>Of <paramref name="part"/> / <paramref name="whole"/>, round by round: what disturbs a round disturbs both.</summary>
    /// <exception cref="ArgumentException">They are not of the same rounds.</exception>
    public static Spread OfRatios(IReadOnlyList<double> part, IReadOnlyList<double> whole) => part.Count == whole.Count
        ? Of(part.Zip(whole, (one, other) => one / other))
        : throw new ArgumentException($"{part.Count} rounds cannot be compared with {whole.Count}.", nameof(whole));
}
