using System.Linq.Expressions;
using Pipeline.Files;

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
        _ => Refuse(symbol, operand),
    };

    public Expression? Binary(Token symbol, ExpressionType kind, Expression? left, Expression? right)
    {
        if (left is null || right is null)
            return null;

        var type = left.Type == right.Type ? left.Type : null;
        var isLogical = kind is ExpressionType.AndAlso or ExpressionType.OrElse;
        var isArithmetic = symbol.Text is "+" or "-" or "*" or "/" or "%";
        CanFail |= isArithmetic;
        if (isLogical ? type == typeof(bool) : type == typeof(decimal) || (type is not null && symbol.Text is "==" or "!="))
            return Expression.MakeBinary(kind, left, right);

        return type != typeof(string) || isLogical || symbol.Text is "-" or "*" or "/" or "%" ? Refuse(symbol, left, right)
            : isArithmetic ? Call(nameof(RuleFunctions.Concat), left, right)
            : Expression.MakeBinary(kind, Expression.Call(typeof(Utf8Order), nameof(Utf8Order.Compare), null, left, right), Expression.Constant(0));
    }

    /// <summary>A column among literals becomes comparisons, which run over whole columns; all else is looked up in an array.</summary>
    public Expression? In(Token symbol, Expression? value, List<Expression?> list)
    {
        if (value is null || list.Contains(null))
            return null;

        if (list.Find(item => item!.Type != value.Type) is { } other)
            return Refuse(symbol, value, other);

        var areLiterals = list.TrueForAll(item => item is ConstantExpression);
        if (areLiterals && value is ParameterExpression)
            return list.Select(item => (Expression)Expression.Equal(value, item!)).Aggregate(Expression.OrElse);

        var array = (Expression)Expression.NewArrayInit(value.Type, list!);
        array = areLiterals ? Expression.Constant(Expression.Lambda<Func<object>>(array).Compile()(), array.Type) : array;
        return Expression.Call(typeof(RuleFunctions), nameof(RuleFunctions.IsIn), [value.Type], value, array);
    }

    public Expression? Choice(Token symbol, Expression? test, Expression? yes, Expression? no) =>
        test is null || yes is null || no is null ? null
        : test.Type == typeof(bool) && yes.Type == no.Type ? Expression.Condition(test, yes, no)
        : Refuse(symbol, test, yes, no);

    /// <summary>Calls a function.</summary>
    /// <param name="name">Of the function.</param>
    /// <param name="arguments">What stands before its name, and what in its parentheses; null = there are none.</param>
    /// <param name="isMember">Whether it stands behind a value and a point; size alone need not.</param>
    public Expression? Call(Token name, List<Expression?>? arguments, bool isMember)
    {
        var members = RuleFunctions.Members;
        static bool IsNoText(Expression? argument) => argument is not null && argument.Type != typeof(string);
        var error = !members.TryGetValue(name.Text, out var method) || !(isMember || name.Text == "size")
            ? $"unknown function {name}; there are size(text), text.{string.Join("(), text.", members.Keys)}()"
            : arguments is null ? $"function {name} needs parentheses"
            : arguments.Count != method.GetParameters().Length || arguments.Exists(IsNoText)
                ? $"function {name} takes {string.Join(" and ", method.GetParameters().Select(_ => "text"))}, not {NamesOf(arguments)}"
            : null;
        if (error is null)
            return arguments!.Contains(null) ? null : Expression.Call(method!, arguments!);

        fail(name.Position, error);
        return null;
    }

    private static MethodCallExpression Call(string name, params Expression[] arguments) =>
        Expression.Call(typeof(RuleFunctions), name, null, arguments);

    private static string NamesOf(IReadOnlyCollection<Expression?> operands) => operands.Count == 0
        ? "nothing"
        : string.Join(" and ", operands.Select(operand => operand is null ? "what is wrong" : Types.Name(Types.KindOf(operand.Type))));

    private Expression? Refuse(Token symbol, params Expression[] operands)
    {
        fail(symbol.Position, $"operator {symbol} does not take {NamesOf(operands)}");
        return null;
    }
}
