namespace Pipeline.Files;

/// <summary>The order of texts as UTF-8 bytes, the same on every system.</summary>
public static class Utf8Order
{
    /// <summary>Compares two texts by code points, which is also the order of the UTF-8 bytes.</summary>
    public static int Compare(string left, string right)
    {
        var at = left.AsSpan().CommonPrefixLength(right);
        return at == left.Length || at == right.Length ? left.Length - right.Length : Rank(left[at]) - Rank(right[at]);
    }

    // A surrogate is a smaller number than U+E000 to U+FFFF, but stands for a code point above them.
    private static int Rank(char unit) => char.IsSurrogate(unit) ? unit + char.MaxValue : unit;
}
