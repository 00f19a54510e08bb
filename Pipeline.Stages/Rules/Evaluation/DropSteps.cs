using System.Linq.Expressions;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>
/// Takes a condition apart into steps over one column each, as far as it goes. "a or b" marks the rows of a, then those of b among the rest;
/// "a and b" hides the rows that are not of a, marks those of b, and shows the hidden ones again. So the right side is not evaluated, and cannot
/// fail, where the left one decides.
/// </summary>
/// <param name="slots">All slots, by index.</param>
/// <param name="steps">Gets the steps.</param>
internal sealed class DropSteps(IReadOnlyList<Slot> slots, List<Step> steps)
{
    /// <summary>Adds the steps of a condition.</summary>
    /// <param name="body">Checked.</param>
    /// <param name="isNegated">Rows get the mark where it does not hold.</param>
    /// <param name="mark">Their state then.</param>
    /// <param name="hidden">A state that none of the steps around uses: expressions nest 32 deep, so there are enough.</param>
    public void Add(Expression body, bool isNegated = false, byte mark = Outcome.Dropped, byte hidden = Outcome.Failed + 1)
    {
        var reads = ReadsOf(body);
        if (body is UnaryExpression { NodeType: ExpressionType.Not } not)
        {
            Add(not.Operand, !isNegated, mark, hidden);
        }
        else if (body is BinaryExpression { NodeType: ExpressionType.AndAlso or ExpressionType.OrElse } junction && !IsAlwaysNarrow(reads))
        {
            var isAnd = junction.NodeType == ExpressionType.AndAlso != isNegated;
            Add(junction.Left, isNegated != isAnd, isAnd ? hidden : mark, isAnd ? (byte)(hidden + 1) : hidden);
            Add(junction.Right, isNegated, mark, isAnd ? (byte)(hidden + 1) : hidden);
            if (isAnd)
                steps.Add(new ShowStep(hidden));
        }
        else
        {
            var range = Compare(body as BinaryExpression, reads, isNegated, mark);
            steps.Add(range is not null ? range : new ExpressionStep(isNegated ? Expression.Not(body) : body, reads, mark));
        }
    }

    // One look-up beats several steps.
    private static bool IsAlwaysNarrow(Slot[] reads) => reads is [{ Kind: not ColumnKind.Number }];

    private static RangeStep? Compare(BinaryExpression? body, Slot[] reads, bool isNegated, byte mark) => (body?.Left, body?.Right) switch
    {
        (ParameterExpression, ConstantExpression { Value: decimal literal }) => new RangeStep(reads[0], body!.NodeType, literal, isNegated, mark),
        (ConstantExpression { Value: decimal literal }, ParameterExpression) => new RangeStep(reads[0], Mirror(body!.NodeType), literal, isNegated, mark),
        _ => null,
    };

    private static ExpressionType Mirror(ExpressionType comparison) => comparison switch
    {
        ExpressionType.LessThan => ExpressionType.GreaterThan,
        ExpressionType.LessThanOrEqual => ExpressionType.GreaterThanOrEqual,
        ExpressionType.GreaterThan => ExpressionType.LessThan,
        ExpressionType.GreaterThanOrEqual => ExpressionType.LessThanOrEqual,
        _ => comparison,
    };

    private Slot[] ReadsOf(Expression body)
    {
        var finder = new Finder();
        finder.Visit(body);
        return [.. finder.Indices.Select(index => slots[index])];
    }

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
