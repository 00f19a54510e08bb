using System.Reflection;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>What expressions can call. Ordinal and without a culture: the same result on every machine.</summary>
internal static class RuleFunctions
{
    /// <summary>Longest text that an expression may make, in UTF-16 code units; a rule cannot fill the memory.</summary>
    public const int MaxTextLength = 65_536;

    /// <summary>The functions of CEL that there are; each takes texts, the first of which stands before its name.</summary>
    public static IReadOnlyDictionary<string, MethodInfo> Members { get; } =
        new Delegate[] { StartsWith, EndsWith, Contains, Size, LowerAscii, UpperAscii, Trim }
            .Select(function => function.Method)
            .ToDictionary(method => char.ToLowerInvariant(method.Name[0]) + method.Name[1..]);

    public static bool StartsWith(string text, string part) => text.StartsWith(part, StringComparison.Ordinal);

    public static bool EndsWith(string text, string part) => text.EndsWith(part, StringComparison.Ordinal);

    public static bool Contains(string text, string part) => text.Contains(part, StringComparison.Ordinal);

    /// <summary>Code points.</summary>
    public static decimal Size(string text) => text.Length - text.Count(char.IsLowSurrogate);

    public static string LowerAscii(string text) => Map(text, char.IsAsciiLetterUpper);

    public static string UpperAscii(string text) => Map(text, char.IsAsciiLetterLower);

    public static string Trim(string text) => text.Trim();

    public static bool IsIn<T>(T value, T[] list)
        where T : IEquatable<T> => list.AsSpan().Contains(value);

    public static string Concat(string left, string right) => left.Length + right.Length <= MaxTextLength
        ? string.Concat(left, right)
        : throw new OverflowException($"A text of more than {MaxTextLength} characters.");

    // The cases of an ASCII letter differ in one bit.
    private static string Map(string text, Func<char, bool> changes) => string.Create(text.Length, (text, changes), static (target, from) =>
    {
        for (var at = 0; at < target.Length; at++)
            target[at] = (char)(from.text[at] ^ (from.changes(from.text[at]) ? 0x20 : 0));
    });
}
