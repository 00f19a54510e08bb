using System.Linq.Expressions;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>The values that a compiled expression reads, by slot.</summary>
internal sealed class Cursor(int slots)
{
    public readonly string[] Texts = new string[slots];
    public readonly decimal[] Numbers = new decimal[slots];
    public readonly bool[] Flags = new bool[slots];

    /// <summary>Compiles an expression over slots to a delegate over a cursor.</summary>
    public static Func<Cursor, T> Compile<T>(Expression body)
    {
        var cursor = Expression.Parameter(typeof(Cursor));
        return Expression.Lambda<Func<Cursor, T>>(new Binder(cursor).Visit(body), cursor).Compile();
    }

    private sealed class Binder(ParameterExpression cursor) : ExpressionVisitor
    {
        protected override Expression VisitParameter(ParameterExpression node)
        {
            var values = node.Type == typeof(string) ? nameof(Texts) : node.Type == typeof(decimal) ? nameof(Numbers) : nameof(Flags);
            return Expression.ArrayIndex(Expression.Field(cursor, values), Expression.Constant(Slot.IndexOf(node)));
        }
    }
}
