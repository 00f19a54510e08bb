using System.Text;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>
/// Cuts an expression into words and refuses all that the language of rules does not have, long before the parser of the
/// library, which knows far more, sees it. Limits keep that parser's recursion shallow.
/// </summary>
internal static class Lexer
{
    public const int MaxLength = 4096;
    private const int MaxTokens = 512;
    private const int MaxDepth = 32;

    private static readonly string[] Symbols = ["==", "!=", "<>", "<=", ">=", "&&", "||", "(", ")", ",", ".", "?", ":", "=", "<", ">", "!", "+", "-", "*", "/", "%"];

    /// <exception cref="ExpressionException">There is something in it that the language does not have.</exception>
    public static List<Token> Cut(string expression)
    {
        if (expression.Length > MaxLength)
        {
            throw new ExpressionException(MaxLength, $"an expression has at most {MaxLength} characters");
        }

        var tokens = new List<Token>();
        var depth = 0;
        for (var at = 0; at < expression.Length;)
        {
            if (char.IsWhiteSpace(expression[at]))
            {
                at++;
                continue;
            }

            var (token, end) = Next(expression, at);
            depth += token.Is("(") ? 1 : token.Is(")") ? -1 : 0;
            if (depth > MaxDepth)
            {
                throw new ExpressionException(at, $"parentheses nest at most {MaxDepth} deep");
            }

            tokens.Add(token);
            if (tokens.Count > MaxTokens)
            {
                throw new ExpressionException(at, $"an expression has at most {MaxTokens} words");
            }

            at = end;
        }

        return tokens.Count > 0 ? tokens : throw new ExpressionException(0, "the expression is empty");
    }

    private static (Token Token, int End) Next(string expression, int at)
    {
        var first = expression[at];
        if (first is '\'' or '"')
        {
            return Text(expression, at);
        }

        if (char.IsAsciiLetter(first) || first == '_')
        {
            return Run(expression, at, TokenKind.Name, c => char.IsAsciiLetterOrDigit(c) || c == '_');
        }

        if (char.IsAsciiDigit(first))
        {
            return Number(expression, at);
        }

        foreach (var symbol in Symbols)
        {
            if (expression.AsSpan(at).StartsWith(symbol, StringComparison.Ordinal))
            {
                return (new Token(TokenKind.Symbol, symbol, at), at + symbol.Length);
            }
        }

        var character = Rune.TryGetRuneAt(expression, at, out var rune) && !Rune.IsControl(rune) ? $"'{rune}'" : $"U+{(int)first:X4}";
        throw new ExpressionException(at, $"{character} is no part of the language of rules");
    }

    private static (Token Token, int End) Run(string expression, int at, TokenKind kind, Func<char, bool> belongs)
    {
        var end = at;
        while (end < expression.Length && belongs(expression[end]))
        {
            end++;
        }

        return (new Token(kind, expression[at..end], at), end);
    }

    private static (Token Token, int End) Number(string expression, int at)
    {
        var (token, end) = Run(expression, at, TokenKind.Number, c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_');
        var dot = token.Text.IndexOf('.');
        var digits = dot < 0 ? token.Text : token.Text.Remove(dot, 1);
        if (!digits.All(char.IsAsciiDigit) || dot == token.Text.Length - 1 || digits.Length > 28)
        {
            throw new ExpressionException(at, $"'{token.Text}' is no number: at most 28 digits, perhaps with a point between them");
        }

        return (token, end);
    }

    // A quote within a text is written twice; a backslash is just a backslash.
    private static (Token Token, int End) Text(string expression, int at)
    {
        var quote = expression[at];
        var text = new StringBuilder();
        for (var end = at + 1; end < expression.Length; end++)
        {
            if (expression[end] != quote)
            {
                text.Append(expression[end]);
            }
            else if (end + 1 < expression.Length && expression[end + 1] == quote)
            {
                text.Append(quote);
                end++;
            }
            else
            {
                return (new Token(TokenKind.Text, text.ToString(), at), end + 1);
            }
        }

        throw new ExpressionException(at, $"the text that begins here has no closing {quote}");
    }
}
