using System.Globalization;
using System.Linq.Expressions;
using System.Text;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>
/// An expression rewritten for System.Linq.Dynamic.Core: every column and every literal is a parameter of string, decimal or
/// bool, so that the library resolves no name, finds no type and reads no literal; what is left to it is the grammar of
/// operators, their precedence and their types.
/// </summary>
internal sealed class LibraryText
{
    private readonly StringBuilder _text = new();
    private readonly List<(int Written, int Position)> _positions = [];
    private readonly Dictionary<ParameterExpression, Slot> _slots = [];
    private readonly Dictionary<ParameterExpression, object> _literals = [];

    private LibraryText()
    {
    }

    public string Text => _text.ToString();

    public ParameterExpression[] Parameters => [.. _slots.Keys, .. _literals.Keys];

    public IReadOnlyDictionary<ParameterExpression, Slot> Slots => _slots;

    public IReadOnlyDictionary<ParameterExpression, object> Literals => _literals;

    /// <summary>Rewrites words.</summary>
    /// <param name="tokens">Of one expression.</param>
    /// <param name="columns">Slots by name; null for a column whose rule is wrong.</param>
    /// <param name="fail">Told every mistake in turn.</param>
    /// <returns>Null where it reads a column whose rule is wrong: nothing more can be said of it.</returns>
    public static LibraryText? Write(List<Token> tokens, IReadOnlyDictionary<string, Slot?> columns, Action<int, string> fail)
    {
        var result = new LibraryText();
        var unknown = false;
        for (var index = 0; index < tokens.Count; index++)
        {
            var token = tokens[index];
            var follows = index + 1 < tokens.Count ? tokens[index + 1] : default;
            var afterDot = index > 0 && tokens[index - 1].Is(".");
            switch (token.Kind)
            {
                case TokenKind.Symbol:
                    result.Append(token, token.Text);
                    break;
                case TokenKind.Text:
                    result.AppendLiteral(token, token.Text);
                    break;
                case TokenKind.Number:
                    result.AppendLiteral(token, decimal.Parse(token.Text, CultureInfo.InvariantCulture));
                    break;
                case TokenKind.Name when afterDot:
                    CheckMember(token, follows, fail);
                    result.Append(token, token.Text);
                    break;
                case TokenKind.Name when token.Text is "true" or "false":
                    result.AppendLiteral(token, token.Text == "true");
                    break;
                case TokenKind.Name when token.Text is "and" or "or" or "not" or "iif":
                    result.Append(token, token.Text);
                    break;
                case TokenKind.Name when token.Text == "in":
                    CheckList(tokens, index, fail);
                    result.Append(token, token.Text);
                    break;
                case TokenKind.Name when columns.TryGetValue(token.Text, out var slot):
                    unknown |= slot is null;
                    result.AppendSlot(token, slot);
                    break;
                default:
                    fail(token.Position, $"unknown column '{token.Text}'; known here: {string.Join(", ", columns.Keys)}");
                    break;
            }
        }

        return unknown ? null : result;
    }

    /// <summary>Where in the expression a character of the rewritten text came from.</summary>
    public int PositionOf(int written) => _positions.LastOrDefault(entry => entry.Written <= written).Position;

    private static void CheckMember(Token token, Token follows, Action<int, string> fail)
    {
        if (!RuleFunctions.Members.TryGetValue(token.Text, out var arguments))
        {
            fail(token.Position, $"unknown function '{token.Text}'; there are {string.Join(", ", RuleFunctions.Members.Keys)}");
        }
        else if (arguments < 0 == follows.Is("("))
        {
            fail(token.Position, arguments < 0 ? $"{token.Text} has no parentheses" : $"{token.Text} needs parentheses");
        }
    }

    // The library's reading of lists is lax (any word may stand between two values), so they are checked here.
    private static void CheckList(List<Token> tokens, int index, Action<int, string> fail)
    {
        var at = index + 1;
        if (at >= tokens.Count || !tokens[at].Is("("))
        {
            fail(tokens[index].Position, "'in' is followed by a list of texts or numbers: in ('a', 'b')");
            return;
        }

        do
        {
            at++;
            at += at < tokens.Count && tokens[at].Is("-") ? 1 : 0;
            if (at >= tokens.Count || tokens[at].Kind is not (TokenKind.Text or TokenKind.Number))
            {
                fail(tokens[Math.Min(at, tokens.Count - 1)].Position, "a text or a number is expected in a list");
                return;
            }

            at++;
        }
        while (at < tokens.Count && tokens[at].Is(","));

        if (at >= tokens.Count || !tokens[at].Is(")"))
        {
            fail(tokens[Math.Min(at, tokens.Count - 1)].Position, "',' or ')' is expected in a list");
        }
    }

    private void AppendSlot(Token token, Slot? slot)
    {
        Append(token, slot?.Parameter.Name ?? "unknown");
        if (slot is not null)
        {
            _slots[slot.Parameter] = slot;
        }
    }

    private void AppendLiteral(Token token, object value)
    {
        var parameter = Expression.Parameter(value.GetType(), "l" + _literals.Count.ToString(CultureInfo.InvariantCulture));
        _literals[parameter] = value;
        Append(token, parameter.Name!);
    }

    private void Append(Token token, string written)
    {
        _positions.Add((_text.Length, token.Position));
        _text.Append(written).Append(' ');
    }
}
