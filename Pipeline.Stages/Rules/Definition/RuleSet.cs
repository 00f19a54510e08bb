using Pipeline.Contracts;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Definition;

/// <summary>Rules that were found right: what a rules file says. docs/rules.md describes the file.</summary>
public sealed class RuleSet
{
    private const int ErrorsShown = 50;
    private const int ColumnsShown = 20;

    private RuleSet(IReadOnlyList<Rule> rules, IReadOnlyList<Slot> slots)
    {
        Rules = rules;
        Slots = slots;
        SetColumns = [.. rules.OfType<SetRule>().Select(rule => rule.Target.Name).Distinct()];
        Columns = [.. ColumnNames.All.Union(SetColumns)];
    }

    /// <summary>The rules of a run that names none, as the text of a rules file.</summary>
    public static string DefaultJson { get; } = """
        {
          "rules": [
            { "drop": "type == 'view'" },
            { "drop": "value < 10" },
            { "set": "rule", "to": "'min_value_and_type'" }
          ]
        }

        """;

    /// <summary>Columns that the rules set, each once, in order of their first rule.</summary>
    public IReadOnlyList<string> SetColumns { get; }

    /// <summary>All columns that an event has after the rules: the built-in ones and those set.</summary>
    public IReadOnlyList<string> Columns { get; }

    internal IReadOnlyList<Rule> Rules { get; }

    /// <summary>Built-in columns first, then one for each set rule.</summary>
    internal IReadOnlyList<Slot> Slots { get; }

    /// <summary>Reads and checks rules.</summary>
    /// <param name="json">Text of a rules file; empty = the default rules.</param>
    /// <exception cref="StageException">invalid_rules: they are wrong; the message lists every mistake with its position.</exception>
    public static RuleSet Parse(string json)
    {
        var rules = TryParse(json, out var errors);
        return rules ?? throw new StageException(FailureReasons.InvalidRules, Describe(errors));
    }

    /// <summary>Reads and checks rules.</summary>
    /// <param name="json">Text of a rules file; empty = the default rules.</param>
    /// <param name="errors">Every mistake, by position; empty where there is none.</param>
    /// <returns>The rules; null where they are wrong.</returns>
    public static RuleSet? TryParse(string json, out IReadOnlyList<RuleError> errors)
    {
        var reader = new RuleReader(json.Length == 0 ? DefaultJson : json);
        reader.Read();
        var checker = new RuleChecker(reader);
        checker.Check();
        errors = [.. reader.Errors.OrderBy(error => error.Line).ThenBy(error => error.Column)];
        return errors.Count == 0 ? new RuleSet(checker.Rules, checker.Slots) : null;
    }

    /// <summary>Checks that the columns to group by exist.</summary>
    /// <param name="groupBy">Names of columns.</param>
    /// <exception cref="StageException">invalid_options: there is no such column; the message lists those there are.</exception>
    public void CheckColumns(IEnumerable<string> groupBy)
    {
        var unknown = groupBy.Where(name => !Columns.Contains(name)).Select(name => $"'{name}'").ToArray();
        if (unknown.Length > 0)
        {
            throw new StageException(
                FailureReasons.InvalidOptions,
                $"unknown column {string.Join(", ", unknown)}: the events have {ListOf(Columns)}");
        }
    }

    /// <summary>Names of columns for a message, which may be many.</summary>
    internal static string ListOf(IReadOnlyCollection<string> columns) =>
        string.Join(", ", columns.Take(ColumnsShown)) + (columns.Count > ColumnsShown ? $" and {columns.Count - ColumnsShown} more" : "");

    private static string Describe(IReadOnlyList<RuleError> errors)
    {
        var lines = errors.Take(ErrorsShown).Select(error => error.ToString());
        var rest = errors.Count > ErrorsShown ? $"\nand {errors.Count - ErrorsShown} more" : "";
        var count = errors.Count == RuleReader.MaxErrors ? $"at least {errors.Count}" : $"{errors.Count}";
        return errors.Count == 1 ? $"the rules are wrong: {errors[0]}" : $"the rules are wrong, {count} mistakes:\n{string.Join('\n', lines)}{rest}";
    }
}

/// <summary>One rule, found right.</summary>
/// <param name="Expression">What it evaluates.</param>
internal abstract record Rule(CheckedExpression Expression);

/// <summary>Drops the events for which the expression holds.</summary>
internal sealed record DropRule(CheckedExpression Expression) : Rule(Expression);

/// <summary>Sets a column.</summary>
internal sealed record SetRule(Slot Target, CheckedExpression Expression) : Rule(Expression);

/// <summary>One mistake in a rules text.</summary>
/// <param name="Rule">Which rule, from 1; 0 = the text as a whole.</param>
/// <param name="Line">Line in the text, from 1.</param>
/// <param name="Column">Column in that line, in characters, from 1.</param>
/// <param name="Message">What is wrong.</param>
public sealed record RuleError(int Rule, int Line, int Column, string Message)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Rule == 0 ? $"line {Line}, column {Column}: {Message}" : $"rule {Rule} (line {Line}, column {Column}): {Message}";
}
