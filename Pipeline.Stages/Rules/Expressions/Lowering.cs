using System.Linq.Expressions;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>
/// Takes over a tree that the library made, node by node. What is not named here is refused, so that the result holds only
/// columns, literals, operators of string, decimal and bool, and calls of <see cref="RuleFunctions"/>. Integers (Length) become
/// decimals: the language has one kind of number, and no division of integers.
/// </summary>
internal sealed class Lowering(LibraryText library)
{
    private readonly SortedDictionary<int, Slot> _reads = [];

    public IReadOnlyList<Slot> Reads => [.. _reads.Values];

    public bool CanFail { get; private set; }

    /// <exception cref="ExpressionException">There is something in it that the language does not have.</exception>
    public Expression Lower(Expression node)
    {
        var lowered = node switch
        {
            ParameterExpression parameter => Parameter(parameter),
            ConstantExpression { Value: int number } => Expression.Constant((decimal)number),
            ConstantExpression { Value: bool } => node,
            UnaryExpression { NodeType: ExpressionType.Convert } convert => Lower(convert.Operand),
            UnaryExpression { NodeType: ExpressionType.Negate } negate => Negate(Lower(negate.Operand)),
            UnaryExpression { NodeType: ExpressionType.Not } not => Make(() => Expression.Not(Lower(not.Operand))),
            BinaryExpression binary => Binary(binary),
            ConditionalExpression choice => Make(() => Expression.Condition(Lower(choice.Test), Lower(choice.IfTrue), Lower(choice.IfFalse))),
            MemberExpression { Expression: { } text, Member: { Name: nameof(string.Length), DeclaringType: var owner } } when owner == typeof(string)
                => Call(nameof(RuleFunctions.Length), text),
            MethodCallExpression { Method: { Name: nameof(Enumerable.Contains), DeclaringType: var owner }, Arguments: [NewArrayExpression list, var item] }
                when owner == typeof(Enumerable) => In(item, list.Expressions),
            MethodCallExpression call => Call(call),
            _ => throw Refused(node),
        };
        return Types.KindOf(lowered.Type) != default ? lowered : throw Refused(node);
    }

    private static ExpressionException Refused(Expression node) =>
        new(0, $"the language of rules has no {node.NodeType.ToString().ToLowerInvariant()}");

    private static Expression Make(Func<Expression> make)
    {
        try
        {
            return make();
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            throw new ExpressionException(0, "an operator does not fit the types of its operands");
        }
    }

    private static Expression Negate(Expression operand) => operand is ConstantExpression { Value: decimal literal }
        ? Expression.Constant(-literal)
        : Make(() => Expression.Negate(operand));

    private Expression Parameter(ParameterExpression parameter)
    {
        if (library.Slots.TryGetValue(parameter, out var slot))
        {
            _reads[slot.Index] = slot;
            return parameter;
        }

        if (!library.Literals.TryGetValue(parameter, out var literal))
        {
            throw Refused(parameter);
        }

        CanFail |= literal is decimal number && (!Number.TryRound(number, out var rounded) || Number.ToDecimal(rounded.Mantissa, rounded.Scale) != number);
        return Expression.Constant(literal);
    }

    private Expression Binary(BinaryExpression binary)
    {
        var arithmetic = binary.NodeType is ExpressionType.Add or ExpressionType.Subtract or ExpressionType.Multiply or ExpressionType.Divide or ExpressionType.Modulo;
        var logical = binary.NodeType is ExpressionType.AndAlso or ExpressionType.OrElse or ExpressionType.Equal or ExpressionType.NotEqual
            or ExpressionType.LessThan or ExpressionType.LessThanOrEqual or ExpressionType.GreaterThan or ExpressionType.GreaterThanOrEqual;
        if (!arithmetic && !logical)
        {
            throw Refused(binary);
        }

        CanFail |= arithmetic;
        return Make(() => Expression.MakeBinary(binary.NodeType, Lower(binary.Left), Lower(binary.Right)));
    }

    // What the library makes of "in", as the comparisons that it stands for.
    private Expression In(Expression item, IReadOnlyCollection<Expression> list) =>
        list.Select(value => Make(() => Expression.Equal(Lower(item), Lower(value)))).Aggregate(Expression.OrElse);

    private Expression Call(MethodCallExpression call)
    {
        if (call.Method.DeclaringType != typeof(string))
        {
            throw Refused(call);
        }

        var name = call.Method.Name;
        var arguments = call.Arguments.ToArray();
        if (call.Object is null)
        {
            CanFail |= name == nameof(string.Concat);
            return name is nameof(string.Concat) or nameof(string.Compare) && arguments.Length == 2 ? Call(name, arguments) : throw Refused(call);
        }

        return RuleFunctions.Members.TryGetValue(name, out var count) && count == arguments.Length
            ? Call(name, [call.Object, .. arguments])
            : throw new ExpressionException(0, $"{name} takes {Math.Max(0, count)} texts");
    }

    private MethodCallExpression Call(string name, params Expression[] arguments)
    {
        var lowered = arguments.Select(Lower).ToArray();
        return lowered.All(argument => argument.Type == typeof(string))
            ? Expression.Call(typeof(RuleFunctions), name, null, lowered)
            : throw new ExpressionException(0, name == nameof(string.Concat) ? "only a text can be joined to a text" : $"{name} takes texts");
    }
}
