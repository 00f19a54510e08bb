namespace Pipeline.Stages.Rules.Expressions;

/// <summary>What expressions can call. Ordinal or invariant throughout: the same result on every machine.</summary>
internal static class RuleFunctions
{
    /// <summary>Longest text that an expression may make, in UTF-16 code units; a rule cannot fill the memory.</summary>
    public const int MaxTextLength = 65_536;

    /// <summary>What may stand after a text and a dot, with the number of arguments; -1 = no parentheses.</summary>
    public static IReadOnlyDictionary<string, int> Members { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        [nameof(StartsWith)] = 1,
        [nameof(EndsWith)] = 1,
        [nameof(Contains)] = 1,
        [nameof(ToLower)] = 0,
        [nameof(ToUpper)] = 0,
        [nameof(Trim)] = 0,
        [nameof(Length)] = -1,
    };

    public static bool StartsWith(string text, string part) => text.StartsWith(part, StringComparison.Ordinal);

    public static bool EndsWith(string text, string part) => text.EndsWith(part, StringComparison.Ordinal);

    public static bool Contains(string text, string part) => text.Contains(part, StringComparison.Ordinal);

    public static string ToLower(string text) => text.ToLowerInvariant();

    public static string ToUpper(string text) => text.ToUpperInvariant();

    public static string Trim(string text) => text.Trim();

    public static decimal Length(string text) => text.Length;

    public static decimal Compare(string left, string right) => Math.Sign(string.CompareOrdinal(left, right));

    public static string Concat(string left, string right) => left.Length + right.Length <= MaxTextLength
        ? string.Concat(left, right)
        : throw new OverflowException($"A text of more than {MaxTextLength} characters.");
}
