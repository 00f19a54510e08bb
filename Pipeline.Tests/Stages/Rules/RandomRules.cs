using System.Globalization;
using System.Text;
using CsCheck;

namespace Pipeline.Tests.Stages.Rules;

/// <summary>An expression as text, and as plain C# over one event.</summary>
internal sealed record Formula(string Text, Func<Dictionary<string, object>, object> Evaluate);

/// <summary>A rule as text, and what it does.</summary>
internal sealed record RandomRule(string? Column, Formula Formula)
{
    public string Text => Column is null ? "drop " + Formula.Text : $"{Column} = {Formula.Text}";
}

/// <summary>Random expressions of every part of the language, each with the same computation in C# for one event.</summary>
internal static class RandomRules
{
    public static readonly string[] SomeTexts = ["", "a", "view", "click", "it's", "ä😀", "ä\uFFFD", "ab", "purchase", " b "];

    public static Gen<RandomRule[]> Rules { get; } = Gen.Select(
        Gen.OneOf(
            Booleans(3).Select(formula => new RandomRule(null, formula)),
            Numbers(2).Select(formula => new RandomRule("n", formula)),
            Numbers(2).Select(formula => new RandomRule("value", formula)),
            Texts(2).Select(formula => new RandomRule("t", formula)),
            Texts(2).Select(formula => new RandomRule("type", formula)),
            Booleans(2).Select(formula => new RandomRule("b", formula))).Array[0, 6],
        Gen.Const(0),
        (rules, _) => (RandomRule[])[
            new("n", new Formula("1", _ => 1m)), new("t", new Formula("'t'", _ => "t")),
            new("b", new Formula("value > 3", row => (decimal)row["value"] > 3)), .. rules]);

    public static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(index => values[index]);

    private static Gen<Formula> Booleans(int depth)
    {
        var comparisons = Gen.Select(Numbers(depth - 1), Numbers(depth - 1), AnyOf("==", "!=", "<", "<=", ">", ">="))
            .Select((left, right, op) => new Formula(
                $"({left.Text} {op} {right.Text})", row => Compare(op, decimal.Compare(Number(left, row), Number(right, row)))));
        var texts = Gen.Select(Texts(depth - 1), Texts(depth - 1), AnyOf("==", "!=", "<", "<=", ">", ">="))
            .Select((left, right, op) => new Formula(
                $"({left.Text} {op} {right.Text})", row => Compare(op, Utf8(left, row).SequenceCompareTo(Utf8(right, row)))));
        var ranges = Gen.Select(Columns("value", "n", "ts", "line"), Gen.Decimal[-200, 200], Gen.Int[0, 4], AnyOf("==", "!=", "<", "<=", ">", ">="))
            .Select((column, bound, decimals, op) =>
            {
                var literal = decimal.Round(bound, decimals);
                return new Formula(
                    $"({column} {op} {literal.ToString(CultureInfo.InvariantCulture)})", row => Compare(op, decimal.Compare((decimal)row[column], literal)));
            });
        var functions = Gen.Select(Texts(depth - 1), AnyOf(SomeTexts), Gen.Int[0, 2]).Select((text, part, which) => new Formula(
            $"{text.Text}.{(which == 0 ? "startsWith" : which == 1 ? "endsWith" : "contains")}({Quote(part)})",
            row => which == 0 ? Text(text, row).StartsWith(part, StringComparison.Ordinal)
                : which == 1 ? Text(text, row).EndsWith(part, StringComparison.Ordinal)
                : Text(text, row).Contains(part, StringComparison.Ordinal)));
        var lists = Gen.Select(Texts(depth - 1), AnyOf(SomeTexts).Array[1, 4], Gen.Bool)
            .Select((text, list, not) => new Formula(
                $"({(not ? "!" : "")}({text.Text} in [{string.Join(", ", list.Select(Quote))}]))",
                row => list.Contains(Text(text, row)) != not));
        var leaves = Gen.OneOf(
            ranges, ranges, Gen.Const(new Formula("b", row => row["b"])), Gen.Bool.Select(flag => new Formula(flag ? "true" : "false", _ => flag)));
        if (depth <= 0)
            return leaves;

        var junctions = Gen.Select(Booleans(depth - 1), Booleans(depth - 1), AnyOf("&&", "||"))
            .Select((left, right, op) => new Formula(
                $"({left.Text} {op} {right.Text})",
                row => op == "&&" ? Flag(left, row) && Flag(right, row) : Flag(left, row) || Flag(right, row)));
        var nots = Booleans(depth - 1).Select(inner => new Formula($"!{inner.Text}", row => !Flag(inner, row)))
            .Select(formula => new Formula($"({formula.Text})", formula.Evaluate));
        return Gen.OneOf(leaves, comparisons, texts, functions, lists, junctions, junctions, nots);
    }

    private static Gen<Formula> Numbers(int depth)
    {
        var leaves = Gen.OneOf(
            Columns("value", "n", "ts", "line", "offset").Select(column => new Formula(column, row => row[column])),
            Columns("value").Select(column => new Formula(column, row => row[column])),
            AnyOf(0m, 1m, 2m, 0.5m, 10m, 0.000000001m, 3.25m, 1_000_000_007m, 9_000_000_000_000_000_000m)
                .Select(number => new Formula(number.ToString(CultureInfo.InvariantCulture), _ => number)));
        if (depth <= 0)
            return leaves;

        var arithmetic = Gen.Select(Numbers(depth - 1), Numbers(depth - 1), AnyOf("+", "-", "*", "/", "%")).Select((left, right, op) => new Formula(
            $"({left.Text} {op} {right.Text})",
            row =>
            {
                var (a, b) = (Number(left, row), Number(right, row));
                return op switch { "+" => a + b, "-" => a - b, "*" => a * b, "/" => a / b, _ => a % b };
            }));
        var lengths = Texts(depth - 1).Select(text => new Formula($"{text.Text}.size()", row => (decimal)Text(text, row).EnumerateRunes().Count()));
        var choices = Gen.Select(Booleans(depth - 1), Numbers(depth - 1), Numbers(depth - 1)).Select((test, yes, no) =>
            new Formula($"({test.Text} ? {yes.Text} : {no.Text})", row => Flag(test, row) ? Number(yes, row) : Number(no, row)));
        var negations = leaves.Select(inner => new Formula($"(-{inner.Text})", row => -Number(inner, row)));
        return Gen.OneOf(leaves, leaves, arithmetic, arithmetic, lengths, choices, negations);
    }

    private static Gen<Formula> Texts(int depth)
    {
        var leaves = Gen.OneOf(
            Columns("type", "user", "t").Select(column => new Formula(column, row => row[column])),
            AnyOf(SomeTexts).Select(text => new Formula(Quote(text), _ => text)));
        if (depth <= 0)
            return leaves;

        var concatenations = Gen.Select(Texts(depth - 1), leaves).Select((left, right) =>
            new Formula($"({left.Text} + {right.Text})", row => Text(left, row) + Text(right, row)));
        var choices = Gen.Select(Booleans(depth - 1), leaves, leaves).Select((test, yes, no) =>
            new Formula($"({test.Text} ? {yes.Text} : {no.Text})", row => Flag(test, row) ? Text(yes, row) : Text(no, row)));
        var functions = Gen.Select(Texts(depth - 1), Gen.Int[0, 2]).Select((text, which) => new Formula(
            $"{text.Text}.{(which == 0 ? "upperAscii" : which == 1 ? "lowerAscii" : "trim")}()",
            row => which == 2
                ? Text(text, row).Trim()
                : string.Concat(Text(text, row).Select(c => !char.IsAscii(c) ? c : which == 0 ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c)))));
        return Gen.OneOf(leaves, leaves, concatenations, choices, functions);
    }

    private static Gen<string> Columns(params string[] names) => AnyOf(names);

    private static string Quote(string text) => "'" + text.Replace("'", "\\'", StringComparison.Ordinal) + "'";

    private static decimal Number(Formula formula, Dictionary<string, object> row) => (decimal)formula.Evaluate(row);

    private static string Text(Formula formula, Dictionary<string, object> row) => (string)formula.Evaluate(row);

    private static ReadOnlySpan<byte> Utf8(Formula formula, Dictionary<string, object> row) => Encoding.UTF8.GetBytes(Text(formula, row));

    private static bool Flag(Formula formula, Dictionary<string, object> row) => (bool)formula.Evaluate(row);

    private static bool Compare(string op, int sign) => op switch
    {
        "==" => sign == 0,
        "!=" => sign != 0,
        "<" => sign < 0,
        "<=" => sign <= 0,
        ">" => sign > 0,
        _ => sign >= 0,
    };
}
