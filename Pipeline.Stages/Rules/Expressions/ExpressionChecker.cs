using System.Linq.Expressions;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>Turns the text of an expression, in the subset of CEL that docs/rules.md describes, into a checked tree.</summary>
internal static class ExpressionChecker
{
    /// <summary>Checks an expression.</summary>
    /// <param name="text">As written.</param>
    /// <param name="columns">Slots by name; null for a column whose rule is wrong.</param>
    /// <param name="fail">Told every mistake: its character and what is wrong.</param>
    /// <returns>Null where there was a mistake, or where it reads a column whose rule is wrong.</returns>
    public static CheckedExpression? Check(string text, IReadOnlyDictionary<string, Slot?> columns, Action<int, string> fail)
    {
        var failed = new HashSet<int>();
        void Fail(int position, string message)
        {
            // What else is wrong at the same place follows from the first error.
            if (failed.Add(position))
                fail(position, message);
        }

        try
        {
            var nodes = new TypedNodes(Fail);
            var tokens = Lexer.Read(text, Fail);
            var body = new Parser(tokens, columns, nodes, Fail).Read();
            return failed.Count > 0 || body is null ? null
                : nodes.Reads.Count == 0 ? Fold(body, tokens.Count)
                : new CheckedExpression(body, Types.KindOf(body.Type), nodes.Reads, nodes.CanFail, tokens.Count);
        }
        catch (ExpressionException exception)
        {
            Fail(exception.Position, exception.Message);
            return null;
        }
    }

    // The same result for every row, so it is made now; an expression that fails now would reject every line.
    private static CheckedExpression Fold(Expression body, int size)
    {
        object value;
        try
        {
            value = Expression.Lambda<Func<object>>(Expression.Convert(body, typeof(object))).Compile()();
        }
        catch (ArithmeticException exception)
        {
            throw new ExpressionException(0, $"fails for every event: {exception.Message}");
        }

        var outOfRange = value is decimal number && !Number.TryRound(number, out _);
        return new CheckedExpression(Expression.Constant(value, body.Type), Types.KindOf(body.Type), [], outOfRange, size);
    }
}

/// <summary>An expression that was found right.</summary>
/// <param name="Body">Of string, decimal and bool only; columns are the parameters of their slots.</param>
/// <param name="Kind">Of its result.</param>
/// <param name="Reads">Slots that it reads, each once, by index.</param>
/// <param name="CanFail">False: no row can make it fail.</param>
/// <param name="Size">Words and symbols in its text.</param>
internal sealed record CheckedExpression(Expression Body, ColumnKind Kind, IReadOnlyList<Slot> Reads, bool CanFail, int Size = 0);

/// <summary>An expression is wrong.</summary>
/// <param name="position">Character of the expression, from 0.</param>
/// <param name="message">What is wrong.</param>
internal sealed class ExpressionException(int position, string message) : Exception(message)
{
    /// <summary>Character of the expression, from 0.</summary>
    public int Position => position;
}
