using System.Linq.Expressions;
using CsCheck;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Rules.Expressions;

namespace Pipeline.Tests.Stages.Rules;

public sealed class ExpressionErrorTests
{
    private const string Functions =
        "there are size(text), text.startsWith(), text.endsWith(), text.contains(), text.size(), text.lowerAscii(), "
        + "text.upperAscii(), text.trim()";

    private static readonly Dictionary<string, Slot?> Columns = new()
    {
        ["type"] = new Slot(0, "type", ColumnKind.Text),
        ["value"] = new Slot(1, "value", ColumnKind.Number),
        ["flag"] = new Slot(2, "flag", ColumnKind.Boolean),
        ["bad"] = null,
    };

    private static readonly string[] Tokens =
    [
        "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")", "[", "]", "in",
        "type", "value", "flag", "bad", "1", "0", "2.5", "79228162514264337593543950335", "'a'", "\"\"", "r'\\'", "'\\u00e4'", "true",
        "null", ".size()", ".trim()", ".contains('a')", "size(type)", "['a', type]", "[1, 2]", "=", "<>", "and", "or", "not", "not in",
        "iif(flag, 1, 2)", ".Length", ".ToLower()", "in ('a')", "'it''s'", "'\\q'", "'", "\\", "//", "\n", "1e5", "@", "\uD800",
    ];

    [Theory]
    [InlineData("type = 'a'", 5, "'=' is written '=='")]
    [InlineData("type <> 'a'", 5, "'<>' is written '!='")]
    [InlineData("flag and flag", 5, "'and' is written '&&'")]
    [InlineData("flag or flag", 5, "'or' is written '||'")]
    [InlineData("not flag", 0, "'not' is written '!'")]
    [InlineData("type not in ['a']", 5, "'x not in (..)' is written '!(x in [..])'")]
    [InlineData("type in ('a', 'b')", 8, "a list is written in brackets: in ['a', 'b']")]
    [InlineData("iif(flag, flag, true)", 0, "'iif' is written 'a ? b : c'")]
    [InlineData("type.StartsWith('a')", 5, "'StartsWith' is written 'startsWith'")]
    [InlineData("type.EndsWith('a')", 5, "'EndsWith' is written 'endsWith'")]
    [InlineData("type.Contains('a')", 5, "'Contains' is written 'contains'")]
    [InlineData("type.ToLower() == 'a'", 5, "'ToLower' is written 'lowerAscii'")]
    [InlineData("type.ToUpper() == 'a'", 5, "'ToUpper' is written 'upperAscii'")]
    [InlineData("type.Trim() == 'a'", 5, "'Trim' is written 'trim'")]
    [InlineData("type.Length == 1", 5, "'Length' is written 'size()'")]
    [InlineData("type == 'it''s'", 12, @"a quote within a text is written \'")]
    [InlineData("type == \"say \"\"no\"\"\"", 14, "a quote within a text is written \\\"")]
    public void Check_FormerSpelling_SaysTheNewOne(string expression, int position, string message) =>
        Assert.Equal((position, message), Errors(expression)[0]);

    [Theory]
    [InlineData("type < value", "5 operator '<' does not take text and number")]
    [InlineData("flag < true", "5 operator '<' does not take boolean and boolean")]
    [InlineData("type - 'a' == 'b'", "5 operator '-' does not take text and text")]
    [InlineData("type && 'b'", "5 operator '&&' does not take text and text")]
    [InlineData("flag ? flag ? 1 : 2 : 3", "12 ':' is expected, not '?'")]
    [InlineData("type.Length == 1 && iif(flag, flag, false)", "5 'Length' is written 'size()'", "20 'iif' is written 'a ? b : c'")]
    [InlineData("value > 1 > 2", "10 operator '>' does not take boolean and number")]
    [InlineData("value && flag", "6 operator '&&' does not take number and boolean")]
    [InlineData("!value", "0 operator '!' does not take number")]
    [InlineData("-flag", "0 operator '-' does not take boolean")]
    [InlineData("value ? 1 : 2", "6 operator '?' does not take number and number and number")]
    [InlineData("flag ? 1 : 'a'", "5 operator '?' does not take boolean and number and text")]
    [InlineData("type in ['a', 1]", "5 operator 'in' does not take text and number")]
    [InlineData("value in []", "9 a list has at least one value")]
    [InlineData("value in value", "9 '[' is expected, not 'value'")]
    [InlineData("[1] == [1]", "0 a value is expected, not '['")]
    [InlineData("type.contains(1)", "5 function 'contains' takes text and text, not text and number")]
    [InlineData("size()", "0 function 'size' takes text, not nothing")]
    [InlineData("type.size == 1", "5 function 'size' needs parentheses")]
    [InlineData("trim(type) == ''", "0 unknown function 'trim'; " + Functions)]
    [InlineData("type.matches('a')", "5 unknown function 'matches'; " + Functions)]
    [InlineData("null == type", "0 'null' is a reserved word of CEL")]
    [InlineData("type == 'a", "8 the text that begins here has no closing ' in its line")]
    [InlineData("type == 'a\\\n'", "8 the text that begins here has no closing ' in its line")]
    [InlineData("type == r'a\n'", "9 the text that begins here has no closing ' in its line")]
    [InlineData(@"type == '\ud83d'", @"9 no escape of CEL; there are \\ \' \"" \` \? \a \b \f \n \r \t \v \xHH \uHHHH \UHHHHHHHH \OOO")]
    [InlineData("flag && ", "8 a value is expected, not the end of the expression")]
    [InlineData("flag flag", "5 an operator is expected, not 'flag'")]
    [InlineData("tpye == 'a' && vlaue < 1 || value.size() > 1e9 && type", 
        "0 unknown column 'tpye'; known here: type, value, flag, bad",
        "15 unknown column 'vlaue'; known here: type, value, flag, bad",
        "34 function 'size' takes text, not number",
        "43 '1e9' is no number: at most 28 digits, perhaps with a point between them")]
    [InlineData("type.size().trim() == (value < type) && foo(1 + 'a')",
        "12 function 'trim' takes text, not number", "29 operator '<' does not take number and text",
        "40 unknown function 'foo'; " + Functions, "46 operator '+' does not take number and text")]
    public void Check_Errors_AreAllToldWithTheirPositions(string expression, params string[] errors) =>
        Assert.Equal(errors, Errors(expression).Order().Select(error => $"{error.Position} {error.Message}"));

    [Fact]
    public void Check_ColumnOfAWrongRule_TellsNothing() => Assert.Empty(Errors("bad == 1 && bad.contains(bad) || type in [bad] || bad"));

    // If the left side were repeated for each value of the list, the tree would triple with every level.
    [Fact]
    public void Check_NestedLists_TreeGrowsWithTheText()
    {
        var nested = "flag" + string.Concat(Enumerable.Repeat(" in [true, false, flag]", 8));
        var counter = new NodeCounter();
        counter.Visit(ExpressionChecker.Check(nested, Columns, (_, message) => Assert.Fail(message))!.Body);
        Assert.InRange(counter.Count, 8, 50);
    }

    [Fact]
    public void Check_RandomTokens_EndsInAnExpressionOrErrors() =>
        Gen.Select(Gen.Int[0, Tokens.Length - 1].Array[0, 60], Gen.Int[0, 2]).Sample(
            (indices, spaces) =>
            {
                var expression = string.Join(new string(' ', spaces), indices.Select(index => Tokens[index]));
                var errors = new List<int>();
                var result = ExpressionChecker.Check(expression, Columns, (position, _) => errors.Add(position));
                Assert.All(errors, position => Assert.InRange(position, 0, expression.Length));
                Assert.True(result is null || errors.Count == 0);
                Assert.True(result is not null || errors.Count > 0 || expression.Contains("bad", StringComparison.Ordinal));
            },
            iter: 20_000);

    private static List<(int Position, string Message)> Errors(string expression)
    {
        var errors = new List<(int, string)>();
        var result = ExpressionChecker.Check(expression, Columns, (position, message) => errors.Add((position, message)));
        Assert.True(result is null || errors.Count == 0);
        return errors;
    }

    private sealed class NodeCounter : ExpressionVisitor
    {
        public int Count { get; private set; }

        public override Expression? Visit(Expression? node)
        {
            Count++;
            return base.Visit(node);
        }
    }
}
