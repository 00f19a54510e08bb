namespace Pipeline.Stages.Rules.Expressions;

/// <summary>An expression is wrong.</summary>
/// <param name="position">Character of the expression, from 0.</param>
/// <param name="message">What is wrong.</param>
internal sealed class ExpressionException(int position, string message) : Exception(message)
{
    /// <summary>Character of the expression, from 0.</summary>
    public int Position => position;
}
