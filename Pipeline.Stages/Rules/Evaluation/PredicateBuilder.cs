using System.Linq.Expressions;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Takes a condition apart into pieces that run over whole columns.</summary>
internal static class PredicateBuilder
{
    /// <summary>Makes a predicate of a boolean expression.</summary>
    /// <param name="body">Checked.</param>
    /// <param name="slots">All slots, by index.</param>
    public static Predicate Build(Expression body, IReadOnlyList<Slot> slots)
    {
        var reads = ReadsOf(body, slots);
        if (reads.Length == 0)
            return Constant(body);

        // One look-up beats a junction of several, where the column is always narrow.
        if (reads is [{ Kind: not ColumnKind.Number }])
            return new TablePredicate(body, reads);

        return body switch
        {
            UnaryExpression { NodeType: ExpressionType.Not } not => new NotPredicate(Build(not.Operand, slots)),
            BinaryExpression { NodeType: ExpressionType.AndAlso } and => new JunctionPredicate(Build(and.Left, slots), Build(and.Right, slots), isAnd: true),
            BinaryExpression { NodeType: ExpressionType.OrElse } or => new JunctionPredicate(Build(or.Left, slots), Build(or.Right, slots), isAnd: false),
            BinaryExpression comparison => Compare(comparison, reads),
            _ => new TablePredicate(body, reads),
        };
    }

    private static Predicate Compare(BinaryExpression comparison, Slot[] reads) => (comparison.Left, comparison.Right) switch
    {
        (ParameterExpression, ConstantExpression { Value: decimal literal }) => new RangePredicate(reads[0], comparison.NodeType, literal),
        (ConstantExpression { Value: decimal literal }, ParameterExpression) => new RangePredicate(reads[0], Mirror(comparison.NodeType), literal),
        _ => new TablePredicate(comparison, reads),
    };

    // A part without columns may fail, as in "value > 5 && 1 / 0 > 1": then it fails where it matters.
    private static ConstantPredicate Constant(Expression body)
    {
        try
        {
            return new ConstantPredicate(Expression.Lambda<Func<bool>>(body).Compile()() ? Outcome.True : Outcome.False);
        }
        catch (ArithmeticException)
        {
            return new ConstantPredicate(Outcome.Failed);
        }
    }

    private static Slot[] ReadsOf(Expression body, IReadOnlyList<Slot> slots)
    {
        var finder = new Finder();
        finder.Visit(body);
        return [.. finder.Indices.Select(index => slots[index])];
    }

    private static ExpressionType Mirror(ExpressionType comparison) => comparison switch
    {
        ExpressionType.LessThan => ExpressionType.GreaterThan,
        ExpressionType.LessThanOrEqual => ExpressionType.GreaterThanOrEqual,
        ExpressionType.GreaterThan => ExpressionType.LessThan,
        ExpressionType.GreaterThanOrEqual => ExpressionType.LessThanOrEqual,
        _ => comparison,
    };

    private sealed class Finder : ExpressionVisitor
    {
        public SortedSet<int> Indices { get; } = [];

        protected override Expression VisitParameter(ParameterExpression node)
        {
            Indices.Add(Slot.IndexOf(node));
            return node;
        }
    }
}
