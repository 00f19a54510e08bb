using System.Numerics;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Whole masks at a time.</summary>
internal static class Masks
{
    /// <summary>Swaps true and false; failed stays.</summary>
    public static void Not(Span<byte> outcomes)
    {
        var at = 0;
        for (; at <= outcomes.Length - Vector<byte>.Count; at += Vector<byte>.Count)
        {
            var value = new Vector<byte>(outcomes[at..]);
            Vector.ConditionalSelect(Vector.LessThanOrEqual(value, Vector<byte>.One), value ^ Vector<byte>.One, value).CopyTo(outcomes[at..]);
        }

        for (; at < outcomes.Length; at++)
            outcomes[at] = outcomes[at] <= 1 ? (byte)(outcomes[at] ^ 1) : outcomes[at];
    }

    /// <summary>Where <paramref name="outcomes"/> are <paramref name="open"/>, the other decides.</summary>
    public static void Replace(Span<byte> outcomes, byte open, ReadOnlySpan<byte> other)
    {
        var at = 0;
        var openVector = new Vector<byte>(open);
        for (; at <= outcomes.Length - Vector<byte>.Count; at += Vector<byte>.Count)
        {
            var value = new Vector<byte>(outcomes[at..]);
            Vector.ConditionalSelect(Vector.Equals(value, openVector), new Vector<byte>(other[at..]), value).CopyTo(outcomes[at..]);
        }

        for (; at < outcomes.Length; at++)
            outcomes[at] = outcomes[at] == open ? other[at] : outcomes[at];
    }

    /// <summary>Other than 0 where a row is skipped already, or decided because it is not <paramref name="open"/>.</summary>
    public static void Decided(ReadOnlySpan<byte> outcomes, byte open, ReadOnlySpan<byte> skip, Span<byte> decided)
    {
        for (var row = 0; row < outcomes.Length; row++)
            decided[row] = (byte)(skip[row] | (outcomes[row] ^ open));
    }
}

/// <summary>What became of a condition for one row, as a byte of a mask. A row's state is the same byte: 0 = it is still there.</summary>
internal static class Outcome
{
    /// <summary>The condition does not hold; as a state: the row is still there.</summary>
    public const byte False = 0;

    /// <summary>It holds; the row is dropped.</summary>
    public const byte True = 1;

    /// <summary>It could not be evaluated; the row is rejected.</summary>
    public const byte Failed = 2;

    /// <summary>In tables: not evaluated yet.</summary>
    public const byte Unknown = 255;
}
