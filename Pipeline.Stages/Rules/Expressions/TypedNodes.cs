using System.Linq.Expressions;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>
/// Makes the nodes of a checked expression: of string, decimal and bool only. A null operand has an error that was told already, or
/// reads a column whose rule is wrong; a node of it is null, too.
/// </summary>
/// <param name="fail">Told every error: its character and what is wrong.</param>
internal sealed class TypedNodes(Action<int, string> fail)
{
    private readonly SortedDictionary<int, Slot> _reads = [];

    /// <summary>Slots that were read, by index.</summary>
    public IReadOnlyList<Slot> Reads => [.. _reads.Values];

    /// <summary>False: no row can make the expression fail.</summary>
    public bool CanFail { get; private set; }

    public Expression Column(Slot slot)
    {
        _reads[slot.Index] = slot;
        return slot.Parameter;
    }

    public Expression Literal(decimal value)
    {
        CanFail |= !Number.TryRound(value, out var rounded) || Number.ToDecimal(rounded.Mantissa, rounded.Scale) != value;
        return Expression.Constant(value);
    }

    public Expression? Unary(Token symbol, Expression? operand) => operand is null ? null : symbol.Text switch
    {
        "!" when operand.Type == typeof(bool) => Expression.Not(operand),
        "-" when operand is ConstantExpression { Value: decimal literal } => Expression.Constant(-literal),
        "-" when operand.Type == typeof(decimal) => Expression.Negate(operand),
        _ => Refuse(symbol, NameOf(operand)),
    };

    public Expression? Binary(Token symbol, ExpressionType kind, Expression? left, Expression? right)
    {
        if (left is null || right is null)
        {
            return null;
        }

        var type = left.Type == right.Type ? left.Type : null;
        var isLogical = kind is ExpressionType.AndAlso or ExpressionType.OrElse;
        var isArithmetic = symbol.Text is "+" or "-" or "*" or "/" or "%";
        CanFail |= isArithmetic;
        if (isLogical ? type == typeof(bool) : type == typeof(decimal) || (type is not null && symbol.Text is "==" or "!="))
        {
            return Expression.MakeBinary(kind, left, right);
        }

        return type != typeof(string) || isLogical || (isArithmetic && symbol.Text != "+") ? Refuse(symbol, $"{NameOf(left)} and {NameOf(right)}")
            : isArithmetic ? Call(nameof(RuleFunctions.Concat), left, right)
            : Expression.MakeBinary(kind, Call(nameof(RuleFunctions.Compare), left, right), Expression.Constant(0));
    }

    /// <summary>A column among literals becomes comparisons, which run over whole columns; anything else is looked for in an array.</summary>
    public Expression? In(Token symbol, Expression? value, List<Expression?> list)
    {
        if (value is null || list.Contains(null))
        {
            return null;
        }

        if (list.Find(item => item!.Type != value.Type) is { } other)
        {
            return Refuse(symbol, $"{NameOf(value)} and a list with {NameOf(other)}");
        }

        var areLiterals = list.TrueForAll(item => item is ConstantExpression);
        if (areLiterals && value is ParameterExpression)
        {
            return list.Select(item => (Expression)Expression.Equal(value, item!)).Aggregate(Expression.OrElse);
        }

        var array = (Expression)Expression.NewArrayInit(value.Type, list!);
        array = areLiterals ? Expression.Constant(Expression.Lambda<Func<object>>(array).Compile()(), array.Type) : array;
        return Expression.Call(typeof(RuleFunctions), nameof(RuleFunctions.IsIn), [value.Type], value, array);
    }

    public Expression? Choice(Token symbol, Expression? test, Expression? yes, Expression? no) =>
        test is null || yes is null || no is null ? null
        : test.Type == typeof(bool) && yes.Type == no.Type ? Expression.Condition(test, yes, no)
        : Refuse(symbol, $"{NameOf(test)}, {NameOf(yes)} and {NameOf(no)}");

    /// <summary>Calls a function.</summary>
    /// <param name="name">Of the function.</param>
    /// <param name="arguments">What stands before its name, and what in its parentheses.</param>
    public Expression? Call(Token name, List<Expression?> arguments)
    {
        if (!RuleFunctions.Members.TryGetValue(name.Text, out var method))
        {
            fail(name.Position, $"unknown function {name}; there are {string.Join(", ", RuleFunctions.Members.Keys)}");
            return null;
        }

        var isRight = arguments.Count == method.GetParameters().Length;
        if (isRight && arguments.Contains(null))
        {
            return null;
        }

        if (isRight && arguments.TrueForAll(argument => argument!.Type == typeof(string)))
        {
            return Expression.Call(method, arguments!);
        }

        var taken = string.Join(" and ", method.GetParameters().Select(_ => "text"));
        var given = arguments.Count == 0 ? "nothing" : string.Join(" and ", arguments.Select(NameOf));
        fail(name.Position, $"function {name} takes {taken}, not {given}");
        return null;
    }

    private static MethodCallExpression Call(string name, params Expression[] arguments) =>
        Expression.Call(typeof(RuleFunctions), name, null, arguments);

    private static string NameOf(Expression? operand) => Types.Name(operand is null ? default : Types.KindOf(operand.Type));

    private Expression? Refuse(Token symbol, string operands)
    {
        fail(symbol.Position, $"operator {symbol} does not take {operands}");
        return null;
    }
}
