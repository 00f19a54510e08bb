namespace Pipeline.Stages.Core.Batching;

/// <summary>Powers of ten as integers: a power that was computed in floating point may differ between systems.</summary>
public static class PowersOfTen
{
    /// <summary>10^0 to 10^18, by exponent.</summary>
    public static ReadOnlySpan<long> Values =>
    [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000,
        1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000,
        100_000_000_000_000_000, 1_000_000_000_000_000_000,
    ];
}
