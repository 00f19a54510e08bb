using System.Globalization;
using System.Linq.Expressions;
using Pipeline.Stages.Rules.Definition;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>
/// Reads an expression by recursive descent after CEL's grammar (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax).
/// Reading goes on after errors of names and types; an error of the grammar ends it.
/// </summary>
/// <param name="tokens">Of one expression.</param>
/// <param name="columns">Slots by name; null for a column whose rule is wrong.</param>
/// <param name="nodes">Makes the nodes.</param>
/// <param name="fail">Told every error that does not end the reading: its character and what is wrong.</param>
internal sealed class Parser(List<Token> tokens, IReadOnlyDictionary<string, Slot?> columns, TypedNodes nodes, Action<int, string> fail)
{
    private const int MaxDepth = 32;

    // From the weakest to the strongest; all are left-associative.
    private static readonly Dictionary<string, ExpressionType>[] Levels =
    [
        new() { ["||"] = ExpressionType.OrElse },
        new() { ["&&"] = ExpressionType.AndAlso },
        new()
        {
            ["=="] = ExpressionType.Equal, ["!="] = ExpressionType.NotEqual, ["in"] = default,
            ["<"] = ExpressionType.LessThan, ["<="] = ExpressionType.LessThanOrEqual,
            [">"] = ExpressionType.GreaterThan, [">="] = ExpressionType.GreaterThanOrEqual,
        },
        new() { ["+"] = ExpressionType.Add, ["-"] = ExpressionType.Subtract },
        new() { ["*"] = ExpressionType.Multiply, ["/"] = ExpressionType.Divide, ["%"] = ExpressionType.Modulo },
    ];

    private int _at;
    private int _depth;

    /// <summary>Words that name no column: those that CEL reserves, and operators of the former language of rules.</summary>
    public static IReadOnlySet<string> Reserved { get; } = new HashSet<string>((
        "true false null in as break const continue else for function if import let loop package namespace return var void while "
        + "and or not iif").Split(' '));

    private Token Next => tokens[_at];

    /// <summary>Reads the whole expression.</summary>
    /// <returns>Null: an error was told, or it reads a column whose rule is wrong.</returns>
    /// <exception cref="ExpressionException">The grammar has no such expression, or it nests too deep.</exception>
    public Expression? Read()
    {
        var result = Whole();
        return Next.Kind == TokenKind.End ? result : throw Expected("an operator");
    }

    private Expression? Whole()
    {
        Enter();
        var result = Binary(0);
        var symbol = Next;
        if (Accept("?"))
        {
            var yes = Binary(0);
            Expect(":");
            result = nodes.Choice(symbol, result, yes, Whole());
        }

        _depth--;
        return result;
    }

    private Expression? Binary(int level)
    {
        if (level == Levels.Length)
            return Unary();

        var left = Binary(level + 1);
        while (Next is { Kind: TokenKind.Symbol } symbol && Levels[level].TryGetValue(symbol.Text, out var kind))
        {
            _at++;
            left = symbol.Text == "in" ? nodes.In(symbol, left, List()) : nodes.Binary(symbol, kind, left, Binary(level + 1));
        }

        return left;
    }

    private Expression? Unary()
    {
        var symbol = Next;
        if (!Accept("!") && !Accept("-"))
            return Member();

        Enter();
        var result = nodes.Unary(symbol, Unary());
        _depth--;
        return result;
    }

    private Expression? Member()
    {
        var result = Primary();
        var before = _depth;
        while (Accept("."))
        {
            Enter();
            var name = Next;
            _at += name.Kind == TokenKind.Name ? 1 : throw Expected("the name of a function");
            result = nodes.Call(name, Accept("(") ? [result, .. Values(")")] : null, isMember: true);
        }

        _depth = before;
        return result;
    }

    private Expression? Primary()
    {
        var token = Next;
        if (Accept("("))
        {
            var result = Whole();
            Expect(")");
            return result;
        }

        _at += token.Kind is TokenKind.End or TokenKind.Symbol ? throw Expected("a value") : 1;
        return token.Kind switch
        {
            TokenKind.Text => Expression.Constant(token.Text),
            TokenKind.Number => nodes.Literal(decimal.Parse(token.Text, CultureInfo.InvariantCulture)),
            _ when token.Text is "true" or "false" => Expression.Constant(token.Text == "true"),
            _ => Accept("(") ? nodes.Call(token, Values(")"), isMember: false) : Column(token),
        };
    }

    private Expression? Column(Token name)
    {
        if (columns.TryGetValue(name.Text, out var slot))
            return slot is null ? null : nodes.Column(slot);

        fail(name.Position, Reserved.Contains(name.Text)
            ? $"{name} is a reserved word of CEL"
            : $"unknown column {name}; known here: {RuleSet.ListOf([.. columns.Keys])}");
        return null;
    }

    private List<Expression?> List()
    {
        var start = Next;
        var end = Accept("[") ? "]" : Accept("(") ? ")" : throw Expected("'['");
        if (end == ")")
            fail(start.Position, "a list is written in brackets: in ['a', 'b']");

        var values = Values(end);
        return values.Count > 0 ? values : throw new ExpressionException(start.Position, "a list has at least one value");
    }

    private List<Expression?> Values(string end)
    {
        var values = new List<Expression?>();
        while (!Accept(end))
        {
            if (values.Count > 0)
                Expect(",");

            values.Add(Whole());
        }

        return values;
    }

    private void Enter()
    {
        if (++_depth > MaxDepth + 1)
            throw new ExpressionException(Next.Position, $"an expression nests at most {MaxDepth} deep");
    }

    private bool Accept(string symbol)
    {
        var isNext = Next.Kind == TokenKind.Symbol && Next.Text == symbol;
        _at += isNext ? 1 : 0;
        return isNext;
    }

    private void Expect(string symbol)
    {
        if (!Accept(symbol))
            throw Expected($"'{symbol}'");
    }

    private ExpressionException Expected(string what) => new(Next.Position, $"{what} is expected, not {Next}");
}
