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
        {
            outcomes[at] = outcomes[at] <= 1 ? (byte)(outcomes[at] ^ 1) : outcomes[at];
        }
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
        {
            outcomes[at] = outcomes[at] == open ? other[at] : outcomes[at];
        }
    }

    /// <summary>Other than 0 where a row is skipped already, or decided because it is not <paramref name="open"/>.</summary>
    public static void Decided(ReadOnlySpan<byte> outcomes, byte open, ReadOnlySpan<byte> skip, Span<byte> decided)
    {
        for (var row = 0; row < outcomes.Length; row++)
        {
            decided[row] = (byte)(skip[row] | (outcomes[row] ^ open));
        }
    }

    /// <summary>How often a value is in a mask.</summary>
    public static int Count(ReadOnlySpan<byte> mask, byte value) => mask.Count(value);
}
