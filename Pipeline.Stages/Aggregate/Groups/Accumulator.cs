namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>
/// The figures of one group within one frame. Values are at most 64 bits and a frame has fewer than 2^31 events, so the sum in
/// two halves, upper and lower 32 bits of each value apart, cannot overflow.
/// </summary>
internal struct Accumulator
{
    public long Count;
    public long Low;
    public long High;
    public long Min;
    public long Max;

    public static Accumulator Empty => new() { Min = long.MaxValue, Max = long.MinValue };

    /// <summary>Sum of the values.</summary>
    public readonly Int128 Sum => ((Int128)High << 32) + Low;
}
