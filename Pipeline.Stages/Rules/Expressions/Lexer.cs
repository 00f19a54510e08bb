using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>
/// Splits an expression into tokens of CEL (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax). What the former
/// language of rules called by another name is told, and read as what it is called now.
/// </summary>
internal static partial class Lexer
{
    private const int MaxLength = 4096;
    private const int MaxTokens = 512;
    private const string Escapes = @"\'""`?abfnrtv";

    private static readonly Dictionary<string, string> Former = new()
    {
        ["="] = "==", ["<>"] = "!=", ["and"] = "&&", ["or"] = "||", ["not"] = "!", [".StartsWith"] = "startsWith", [".EndsWith"] = "endsWith",
        [".Contains"] = "contains", [".ToLower"] = "lowerAscii", [".ToUpper"] = "upperAscii", [".Trim"] = "trim", [".Length"] = "size()",
    };

    /// <summary>Reads the tokens of an expression.</summary>
    /// <param name="expression">As written.</param>
    /// <param name="fail">Told every error that does not end the reading: its character and what is wrong.</param>
    /// <returns>The last one is <see cref="TokenKind.End"/>.</returns>
    /// <exception cref="ExpressionException">There is something that is no token, or there are too many.</exception>
    public static List<Token> Read(string expression, Action<int, string> fail)
    {
        if (expression.Length > MaxLength)
        {
            throw new ExpressionException(MaxLength, $"an expression has at most {MaxLength} characters");
        }

        var tokens = new List<Token>();
        var end = 0;
        for (var match = Tokens().Match(expression); match.Success; match = match.NextMatch())
        {
            var before = tokens.LastOrDefault();
            var follows = before.Kind == TokenKind.Text && end == match.Index;
            end = match.Index + match.Length;
            switch (match.Groups.Values.Last(group => group.Success).Name)
            {
                case "text" when follows && match.ValueSpan[0] == expression[match.Index - 1]:
                    fail(match.Index, $"a quote within a text is written \\{match.ValueSpan[0]}");
                    break;
                case "text":
                    tokens.Add(new Token(TokenKind.Text, Unescape(match, fail), match.Index));
                    break;
                case "raw":
                    tokens.Add(new Token(TokenKind.Text, match.Value[2..^1], match.Index));
                    break;
                case "number":
                    tokens.Add(new Token(TokenKind.Number, Number(match, fail), match.Index));
                    break;
                case "symbol":
                    tokens.Add(new Token(TokenKind.Symbol, Current(match, match.Value, fail), match.Index));
                    break;
                case "name":
                    tokens.Add(new Token(TokenKind.Name, before.Text == "." ? Current(match, "." + match.Value, fail) : match.Value, match.Index));
                    break;
            }

            if (tokens.Count > MaxTokens)
            {
                throw new ExpressionException(match.Index, $"an expression has at most {MaxTokens} words and symbols");
            }
        }

        if (end < expression.Length)
        {
            throw NoToken(expression, end);
        }

        tokens.Add(new Token(TokenKind.End, "", end));
        return tokens.Count > 1 ? tokens : throw new ExpressionException(0, "the expression is empty");
    }

    [GeneratedRegex(
        """
        \G (?: [ \t\n\f\r]+ | //[^\n]*
        | (?<raw> [rR] (?: '[^'\r\n]*' | "[^"\r\n]*" ) )
        | (?<text> '(?: [^'\\\r\n] | \\. )*' | "(?: [^"\\\r\n] | \\. )*" )
        | (?<number> [0-9][A-Za-z0-9_.]* )
        | (?<symbol> not[ ]+in\b | (?: in | and | or | not )\b | [=!<>]= | <> | && | \|\| | [()[\],.?:=<>!+*/%-] )
        | (?<name> [A-Za-z_][A-Za-z0-9_]* ) )
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Tokens();

    [GeneratedRegex("""
        \\(?:(?<plain>[\\'"`?abfnrtv])|[xX](?<hex>[0-9a-fA-F]{2})|u(?<hex>[0-9a-fA-F]{4})|U(?<hex>[0-9a-fA-F]{8})|(?<octal>[0-3][0-7]{2})|.)
        """)]
    private static partial Regex Escape();

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+)?\z")]
    private static partial Regex Decimal();

    private static string Current(Match match, string former, Action<int, string> fail)
    {
        if (former.StartsWith("not ", StringComparison.Ordinal))
        {
            fail(match.Index, "'x not in (..)' is written '!(x in [..])'");
            return "in";
        }

        if (Former.TryGetValue(former, out var current))
        {
            fail(match.Index, $"'{match.Value}' is written '{current}'");
        }

        return current?.TrimEnd('(', ')') ?? match.Value;
    }

    private static string Number(Match match, Action<int, string> fail)
    {
        if (Decimal().IsMatch(match.ValueSpan) && match.Value.Replace(".", "", StringComparison.Ordinal).Length <= 28)
        {
            return match.Value;
        }

        fail(match.Index, $"'{match.Value}' is no number: at most 28 digits, perhaps with a point between them");
        return "0";
    }

    private static string Unescape(Match text, Action<int, string> fail) => Escape().Replace(text.Value[1..^1], escape =>
    {
        if (escape.Groups["plain"] is { Success: true } plain)
        {
            return "\\'\"`?\a\b\f\n\r\t\v"[Escapes.IndexOf(plain.Value[0])].ToString();
        }

        var (hex, octal) = (escape.Groups["hex"].Value, escape.Groups["octal"].Value);
        if (hex + octal is { Length: > 0 } digits && Rune.TryCreate(Convert.ToInt32(digits, hex.Length > 0 ? 16 : 8), out var rune))
        {
            return rune.ToString();
        }

        fail(text.Index + 1 + escape.Index, @"no escape of CEL; there are \\ \' \"" \` \? \a \b \f \n \r \t \v \xHH \uHHHH \UHHHHHHHH \OOO");
        return "";
    });

    private static ExpressionException NoToken(string expression, int at)
    {
        var character = Rune.TryGetRuneAt(expression, at, out var rune) && !Rune.IsControl(rune) ? $"'{rune}'" : $"U+{(int)expression[at]:X4}";
        return new ExpressionException(at, expression[at] is '\'' or '"'
            ? $"the text that begins here has no closing {expression[at]} in its line"
            : $"{character} is no part of the language of rules");
    }
}
