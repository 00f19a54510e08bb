namespace Pipeline.Files;

/// <summary>Order of paths, the same on every system.</summary>
internal static class Utf8Order
{
    /// <summary>The order of the UTF-8 bytes: that of the characters, save that surrogates stand for what comes after all others.</summary>
    public static int Compare(string one, string other)
    {
        for (var at = 0; at < Math.Min(one.Length, other.Length); at++)
        {
            if (one[at] != other[at])
            {
                return char.IsSurrogate(one[at]) == char.IsSurrogate(other[at])
                    ? one[at].CompareTo(other[at])
                    : char.IsSurrogate(one[at]) ? 1 : -1;
            }
        }

        return one.Length - other.Length;
    }
}
