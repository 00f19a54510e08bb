namespace Pipeline.Stages.Rules.Expressions;

internal enum TokenKind
{
    End,
    Name,
    Text,
    Number,
    Symbol,
}

/// <summary>A token of an expression.</summary>
/// <param name="Kind">What it is; the word <c>in</c> is a symbol.</param>
/// <param name="Text">As written; of a text its value.</param>
/// <param name="Position">Character of the expression, from 0.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Position)
{
    public override string ToString() =>
        Kind switch { TokenKind.End => "the end of the expression", TokenKind.Text => "a text", _ => $"'{Text}'" };
}
