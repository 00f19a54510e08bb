using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Definition;

/// <summary>Checks rules in their order: each sees the columns that those before it set.</summary>
internal sealed class RuleChecker
{
    private const int MaxNameLength = 64;

    /// <summary>
    /// Words and symbols of all expressions together: about two seconds of compiling at most, of the 40 in which an attempt must open.
    /// </summary>
    internal const int MaxSize = 32_768;

    private readonly RuleReader _source;
    private readonly Dictionary<string, Slot?> _columns = [];
    private readonly List<Slot> _slots = [];
    private readonly List<Rule> _rules = [];
    private int _size;

    public RuleChecker(RuleReader source)
    {
        _source = source;
        foreach (var name in ColumnNames.All)
            Declare(name, KindOf(name));

        foreach (var name in source.Unusable)
            _columns.TryAdd(name, null);
    }

    public IReadOnlyList<Rule> Rules => _rules;

    public IReadOnlyList<Slot> Slots => _slots;

    public void Check()
    {
        foreach (var rule in _source.Rules.TakeWhile(_ => !_source.IsFull && _size <= MaxSize))
        {
            if (rule.Drop is { } drop)
                CheckDrop(rule, drop);
            else if (rule is { Set: { } column, To: { } to })
                CheckSet(rule, column, to);
        }
    }

    private static ColumnKind KindOf(string builtIn) => builtIn is ColumnNames.Type or ColumnNames.User ? ColumnKind.Text : ColumnKind.Number;

    private void CheckDrop(RuleSource rule, TextSource drop)
    {
        var expression = Expression(rule, drop);
        if (expression is { Kind: not ColumnKind.Boolean })
            _source.Add(rule.Number, drop, 0, $"a drop rule needs a boolean, this is a {Types.Name(expression.Kind)}");
        else if (expression is not null)
            _rules.Add(new DropRule(expression));
    }

    private void CheckSet(RuleSource rule, TextSource column, TextSource to)
    {
        var nameIsGood = CheckName(rule, column);
        var expression = Expression(rule, to);
        var name = column.Text;
        var before = _columns.GetValueOrDefault(name);
        if (expression is { CanFail: true, Reads.Count: 0 })
            _source.Add(rule.Number, to, 0, "the number is too large for a column");
        else if (expression is not null && before is not null && before.Kind != expression.Kind)
            _source.Add(rule.Number, to, 0, $"column '{name}' is a {Types.Name(before.Kind)}, this is a {Types.Name(expression.Kind)}");
        else if (expression is not null && nameIsGood)
            _rules.Add(new SetRule(Declare(name, expression.Kind), expression));
        else if (before is null)
            _columns[name] = null;
    }

    private bool CheckName(RuleSource rule, TextSource column)
    {
        var name = column.Text;
        var problem = name switch
        {
            ColumnNames.Line or ColumnNames.Offset => $"'{name}' tells where an event came from and cannot be set",
            _ when Parser.Reserved.Contains(name) => $"'{name}' is a word of the language of rules",
            { Length: 0 or > MaxNameLength } => $"a column's name has 1 to {MaxNameLength} characters",
            _ when !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') || char.IsAsciiDigit(name[0])
                => "a column's name is made of letters, digits and '_', and does not begin with a digit",
            _ => null,
        };
        if (problem is not null)
            _source.Add(rule.Number, column, 0, problem);

        return problem is null;
    }

    private CheckedExpression? Expression(RuleSource rule, TextSource source)
    {
        var expression = ExpressionChecker.Check(source.Text, _columns, (position, message) => _source.Add(rule.Number, source, position, message));
        _size += expression?.Size ?? 0;
        if (_size > MaxSize)
            _source.Add(rule.Number, source, 0, $"the rules up to here have {_size:N0} words and symbols; at most {MaxSize:N0} are allowed in all");

        return expression;
    }

    private Slot Declare(string name, ColumnKind kind)
    {
        var slot = new Slot(_slots.Count, name, kind);
        _slots.Add(slot);
        _columns[name] = slot;
        return slot;
    }
}
