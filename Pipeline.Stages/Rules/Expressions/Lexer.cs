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

    private static readonly Dictionary<string, string> Former = new()
    {
        ["="] = "==", ["<>"] = "!=", ["and"] = "&&", ["or"] = "||", ["not"] = "!", ["iif"] = "a ? b : c",
        [".StartsWith"] = "startsWith", [".EndsWith"] = "endsWith", [".Contains"] = "contains", [".Length"] = "size()",
        [".ToLower"] = "lowerAscii", [".ToUpper"] = "upperAscii", [".Trim"] = "trim",
    };

    /// <summary>Reads the tokens of an expression.</summary>
    /// <param name="expression">As written.</param>
    /// <param name="fail">Told every error that does not end the reading: its character and what is wrong.</param>
    /// <returns>The last one is <see cref="TokenKind.End"/>.</returns>
    /// <exception cref="ExpressionException">There is something that is no token, or there are too many.</exception>
    public static List<Token> Read(string expression, Action<int, string> fail)
    {
        if (expression.Length > MaxLength)
            throw new ExpressionException(MaxLength, $"an expression has at most {MaxLength} characters");

        var tokens = new List<Token>();
        for (var match = Tokens().Match(expression); match.Success; match = match.NextMatch())
        {
            var at = match.Index;
            var kind = match.Groups.Values.Last(group => group.Success).Name;
            if (kind is "joined" or "digits")
            {
                fail(at, kind == "joined"
                    ? $"a quote within a text is written \\{match.ValueSpan[0]}"
                    : $"'{match.Value}' is no number: at most 28 digits, perhaps with a point between them");
            }

            Token? token = kind switch
            {
                "text" => new Token(TokenKind.Text, Unescape(match, fail), at),
                "raw" => new Token(TokenKind.Text, match.Value[2..^1], at),
                "number" => new Token(TokenKind.Number, match.Value, at),
                "digits" => new Token(TokenKind.Number, "0", at),
                "symbol" => new Token(TokenKind.Symbol, Current(match, "", fail), at),
                "name" => new Token(TokenKind.Name, Current(match, tokens is [.., { Text: "." }] ? "." : "", fail), at),
                "quote" => throw new ExpressionException(at, $"the text that begins here has no closing {match.Value} in its line"),
                "other" => throw new ExpressionException(at, $"{Shown(expression, at)} is no part of the language of rules"),
                _ => null,
            };
            tokens.AddRange(token is null ? [] : [token.Value]);
            if (tokens.Count > MaxTokens)
                throw new ExpressionException(at, $"an expression has at most {MaxTokens} words and symbols");
        }

        tokens.Add(new Token(TokenKind.End, "", expression.Length));
        return tokens.Count > 1 ? tokens : throw new ExpressionException(0, "the expression is empty");
    }

    [GeneratedRegex(
        """
        \G (?: [ \t\n\f\r]+ | //[^\n]*
        | (?<raw> [rR] (?: '[^'\r\n]*' | "[^"\r\n]*" ) )
        | (?<joined> (?<=') '(?: [^'\\\r\n] | \\[^\r\n] )*' | (?<=") "(?: [^"\\\r\n] | \\[^\r\n] )*" )
        | (?<text> '(?: [^'\\\r\n] | \\[^\r\n] )*' | "(?: [^"\\\r\n] | \\[^\r\n] )*" )
        | (?<number> (?! (?: \.?[0-9] ){29} ) (?> [0-9]+ (?: \.[0-9]+ )? ) (?! [A-Za-z0-9_.] ) )
        | (?<symbol> not[ ]+in\b | (?: in | and | or | not )\b | [=!<>]= | <> | && | \|\| | [()[\],.?:=<>!+*/%-] )
        | (?<name> [A-Za-z_][A-Za-z0-9_]* )
        | (?<digits> [0-9][A-Za-z0-9_.]* ) | (?<quote> ['"] ) | (?<other> . ) )
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Tokens();

    [GeneratedRegex("""
        \\(?:(?<plain>[\\'"`?abfnrtv])|[xX](?<hex>[0-9a-fA-F]{2})|u(?<hex>[0-9a-fA-F]{4})|U(?<hex>[0-9a-fA-F]{8})|(?<octal>[0-3][0-7]{2})|.)
        """)]
    private static partial Regex Escape();

    private static string Shown(string expression, int at) =>
        Rune.TryGetRuneAt(expression, at, out var rune) && !Rune.IsControl(rune) ? $"'{rune}'" : $"U+{(int)expression[at]:X4}";

    private static string Current(Match match, string before, Action<int, string> fail)
    {
        if (match.Value.StartsWith("not ", StringComparison.Ordinal))
        {
            fail(match.Index, "'x not in (..)' is written '!(x in [..])'");
            return "in";
        }

        if (!Former.TryGetValue(before + match.Value, out var current))
            return match.Value;

        fail(match.Index, $"'{match.Value}' is written '{current}'");
        return current.TrimEnd('(', ')');
    }

    private static string Unescape(Match text, Action<int, string> fail) => Escape().Replace(text.Value[1..^1], escape =>
    {
        if (escape.Groups["plain"] is { Success: true } plain)
            return "\\'\"`?\a\b\f\n\r\t\v"[@"\'""`?abfnrtv".IndexOf(plain.Value[0])].ToString();

        var (hex, octal) = (escape.Groups["hex"].Value, escape.Groups["octal"].Value);
        if (hex + octal is { Length: > 0 } digits && Rune.TryCreate(Convert.ToInt32(digits, hex.Length > 0 ? 16 : 8), out var rune))
            return rune.ToString();

        var at = text.Index + 1 + escape.Index;
        fail(at, @"no escape of CEL; there are \\ \' \"" \` \? \a \b \f \n \r \t \v \xHH \uHHHH \UHHHHHHHH \OOO");
        return "";
    });
}

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
