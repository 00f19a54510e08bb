using System.Linq.Dynamic.Core;
using System.Linq.Dynamic.Core.Exceptions;
using System.Linq.Dynamic.Core.Parser;
using System.Linq.Expressions;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>
/// Turns the text of an expression into a checked tree: cut and confined here (<see cref="Lexer"/>, <see cref="LibraryText"/>),
/// parsed and typed by System.Linq.Dynamic.Core, and what that made taken over node by node (<see cref="Lowering"/>), so that
/// nothing runs that is not written down there.
/// </summary>
internal static class ExpressionChecker
{
    private static readonly ParsingConfig Config = new()
    {
        CustomTypeProvider = new NoTypes(),
        AreContextKeywordsEnabled = false,
        IsCaseSensitive = true,
        DisallowNewKeyword = true,
        ResolveTypesBySimpleName = false,
        SupportEnumerationsFromSystemNamespace = false,
        SupportCastingToFullyQualifiedTypeAsString = false,
        DisableMemberAccessToIndexAccessorFallback = true,
        AllowEqualsAndToStringMethodsOnObject = false,
    };

    /// <summary>Checks an expression.</summary>
    /// <param name="text">As written.</param>
    /// <param name="columns">Slots by name; null for a column whose rule is wrong.</param>
    /// <param name="fail">Told every mistake: its character and what is wrong.</param>
    /// <returns>Null where there was a mistake, or where it reads a column whose rule is wrong.</returns>
    public static CheckedExpression? Check(string text, IReadOnlyDictionary<string, Slot?> columns, Action<int, string> fail)
    {
        var failed = false;
        void Fail(int position, string message)
        {
            failed = true;
            fail(position, message);
        }

        try
        {
            var library = LibraryText.Write(Lexer.Cut(text), columns, Fail);
            return failed || library is null ? null : Check(library);
        }
        catch (ExpressionException exception)
        {
            Fail(exception.Position, exception.Message);
            return null;
        }
    }

    private static CheckedExpression Check(LibraryText library)
    {
        var lowering = new Lowering(library);
        var body = lowering.Lower(Parse(library));
        return lowering.Reads.Count == 0 ? Fold(body) : new CheckedExpression(body, Types.KindOf(body.Type), lowering.Reads, lowering.CanFail);
    }

    private static Expression Parse(LibraryText library)
    {
        try
        {
            return new ExpressionParser(library.Parameters, library.Text, [], Config).Parse(null, createParameterCtor: false);
        }
        catch (ParseException exception)
        {
            var message = InOurWords(exception.Message);
            throw new ExpressionException(library.PositionOf(exception.Position), message);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException or NotSupportedException)
        {
            throw new ExpressionException(0, InOurWords(exception.Message));
        }
    }

    // The same result for every row, so it is made now; an expression that fails now would reject every line.
    private static CheckedExpression Fold(Expression body)
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
        return new CheckedExpression(Expression.Constant(value, body.Type), Types.KindOf(body.Type), [], outOfRange);
    }

    private static string InOurWords(string message)
    {
        message = message.Replace("'String'", "text", StringComparison.Ordinal)
            .Replace("'Decimal'", "number", StringComparison.Ordinal)
            .Replace("'Int32'", "number", StringComparison.Ordinal)
            .Replace("'Boolean'", "boolean", StringComparison.Ordinal)
            .TrimEnd('.');
        return message.Length > 1 ? char.ToLowerInvariant(message[0]) + message[1..] : message;
    }
}
