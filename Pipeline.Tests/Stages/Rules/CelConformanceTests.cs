namespace Pipeline.Tests.Stages.Rules;

/// <summary>
/// Cases of the conformance tests of CEL (https://github.com/google/cel-spec, tests/simple/testdata) that lie in the subset of the rules.
/// Left out: other types and functions, and what docs/rules.md names as a difference.
/// </summary>
public sealed class CelConformanceTests
{
    /// <summary>basic.textproto: self_eval_zeroish, self_eval_nonzeroish, functions.</summary>
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0.0", 0)]
    [InlineData("''", "")]
    [InlineData("\"\"", "")]
    [InlineData("r\"\"", "")]
    [InlineData("false", false)]
    [InlineData("42", 42)]
    [InlineData("-9223372036854775807", -9223372036854775807)]
    [InlineData("\"!\"", "!")]
    [InlineData(@"'\''", "'")]
    [InlineData("true", true)]
    [InlineData(@"""\u270c""", "\u270c")]
    [InlineData(@"""\U0001f431""", "\U0001f431")]
    [InlineData(@"""\a\b\f\n\r\t\v\""\'\\""", "\a\b\f\n\r\t\v\"'\\")]
    [InlineData("1 + 1", 2)]
    public Task Basic(string expression, object expected) => EvaluatesToAsync(expression, expected);

    /// <summary>comparisons.textproto: eq_literal, ne_literal, lt_literal, gt_literal, lte_literal, gte_literal, in_list_literal.</summary>
    [Theory]
    [InlineData("1 == 1", true)]
    [InlineData("-1 == 1", false)]
    [InlineData("1.0 == 1", true)]
    [InlineData("'' == \"\"", true)]
    [InlineData("'a' == 'b'", false)]
    [InlineData("'abc' == r'abc'", true)]
    [InlineData("'abc' == 'ABC'", false)]
    [InlineData("'ίσος' == 'ίσος'", true)]
    [InlineData("'a' == 'à'", false)]
    [InlineData(@"'Am\u00E9lie' == 'Ame\u0301lie'", false)]
    [InlineData("true == true", true)]
    [InlineData("false == true", false)]
    [InlineData("24 != 42", true)]
    [InlineData("'abc' != ''", true)]
    [InlineData("'résumé' != 'resume'", true)]
    [InlineData("false != true", true)]
    [InlineData("-1 < 0", true)]
    [InlineData("0 < 0", false)]
    [InlineData("1.0 < 1.0000001", true)]
    [InlineData("-0.0 < 0.0", false)]
    [InlineData("'a' < 'b'", true)]
    [InlineData("'' < 'a'", true)]
    [InlineData("'Abc' < 'aBC'", true)]
    [InlineData("'abc' < 'abcd'", true)]
    [InlineData(@"'a' < '\u00E1'", true)]
    [InlineData("'' < ''", false)]
    [InlineData("42 > -42", true)]
    [InlineData("'abc' > 'aBc'", true)]
    [InlineData("0 <= -1", false)]
    [InlineData("'' <= ''", true)]
    [InlineData("0 >= -1", true)]
    [InlineData("'abc' >= 'abc'", true)]
    [InlineData("1 in [1, 2, 3]", true)]
    [InlineData("'elem' in ['elem', 'elemA', 'elemB']", true)]
    [InlineData("'not' in ['elem1', 'elem2', 'elem3']", false)]
    public Task Comparisons(string expression, object expected) => EvaluatesToAsync(expression, expected);

    /// <summary>logic.textproto: conditional, AND, OR, NOT.</summary>
    [Theory]
    [InlineData("true ? 1 : 2", 1)]
    [InlineData("false ? 'foo' : 'bar'", "bar")]
    [InlineData("true && true", true)]
    [InlineData("false && true", false)]
    [InlineData("true && false", false)]
    [InlineData("false && (2 / 0 > 3 ? false : true)", false)]
    [InlineData("true || true", true)]
    [InlineData("false || false", false)]
    [InlineData("false || true", true)]
    [InlineData("true || (2 / 0 > 3 ? false : true)", true)]
    [InlineData("!true", false)]
    [InlineData("!false", true)]
    public Task Logic(string expression, object expected) => EvaluatesToAsync(expression, expected);

    /// <summary>string.textproto: size, starts_with, ends_with, concatenation, contains; string_ext: ascii_casing, trim.</summary>
    [Theory]
    [InlineData("size('')", 0)]
    [InlineData("size('ÿ')", 1)]
    [InlineData("size('πέντε')", 5)]
    [InlineData("'\U0001F431\U0001F600'.size()", 2)]
    [InlineData("'foobar'.startsWith('foo')", true)]
    [InlineData("'foobar'.startsWith('bar')", false)]
    [InlineData("''.startsWith('foo')", false)]
    [InlineData("''.startsWith('')", true)]
    [InlineData("'\U0001F431\U0001F600\U0001F61B'.startsWith('\U0001F431')", true)]
    [InlineData("'foobar'.endsWith('bar')", true)]
    [InlineData("'foobar'.endsWith('foo')", false)]
    [InlineData("'forté'.endsWith('té')", true)]
    [InlineData("'he' + 'llo'", "hello")]
    [InlineData("'hello' + ' ' == 'hello'", false)]
    [InlineData("'' + 'Ω' + ''", "Ω")]
    [InlineData("'hello'.contains('')", true)]
    [InlineData("'hello'.contains('ol')", false)]
    [InlineData("'abababc'.contains('ababc')", true)]
    [InlineData("''.contains('something')", false)]
    [InlineData("'TacoCÆt Xii'.lowerAscii()", "tacocÆt xii")]
    [InlineData("'tacoCαt'.upperAscii()", "TACOCαT")]
    [InlineData(@"' \f\n\r\t\vtext  '.trim()", "text")]
    [InlineData(@"'\u0085\u00a0\u1680text'.trim()", "text")]
    [InlineData(@"'\u200atext\u2028\u2029\u202F\u205F\u3000'.trim()", "text")]
    [InlineData(@"'\u180etext\u200b\u200c\u200d\u2060\ufeff'.trim()", "\u180etext\u200b\u200c\u200d\u2060\ufeff")]
    public Task Strings(string expression, object expected) => EvaluatesToAsync(expression, expected);

    /// <summary>integer_math.textproto: int64_math.</summary>
    [Theory]
    [InlineData("42 + (-7)", 35)]
    [InlineData("-4 + (-2)", -6)]
    [InlineData("42 - (-22)", 64)]
    [InlineData("-42 - (-12)", -30)]
    [InlineData("-30 * (-2)", 60)]
    [InlineData("-80 / (-2)", 40)]
    [InlineData("47 % 5", 2)]
    [InlineData("43 % (-5)", 3)]
    [InlineData("-42 % (-5)", -2)]
    [InlineData("-3 % 5", -3)]
    [InlineData("-(-42)", 42)]
    [InlineData("15 * 0", 0)]
    [InlineData(" 29 + 0", 29)]
    [InlineData("5 * (15 + 25)  == 5 * 15 + 5 * 25", true)]
    [InlineData("1 - (-9223372036854775806)", 9223372036854775807)]
    public Task IntegerMath(string expression, object expected) => EvaluatesToAsync(expression, expected);

    /// <summary>parse.textproto: nest, repeat, string_literals, whitespace, comments.</summary>
    [Theory]
    [InlineData("((((((((((((((((((((((((((((((((7))))))))))))))))))))))))))))))))", 7)]
    [InlineData("3 - 3 + 3 - 3 + 3 - 3 + 3 - 3 + 3 - 3 + 3 - 3 + 3", 3)]
    [InlineData("4 * 4 / 4 * 4 / 4 * 4 / 4", 4)]
    [InlineData("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!true", true)]
    [InlineData("--------------------------------19", 19)]
    [InlineData(@"' \\ \? \"" \' \` '", " \\ ? \" ' ` ")]
    [InlineData(@"' \000 \012 \177 '", " \0 \n \x7F ")]
    [InlineData(@"' \x4a \x4B \X4c \X4D \u01aB \U000001aB '", " J K L M ƫ ƫ ")]
    [InlineData(@"' \U00088888 '", " \U00088888 ")]
    [InlineData(@"r' \\ \? \"" \a \n \000 \x00 \u0000 \U00000000 '", @" \\ \? \"" \a \n \000 \x00 \u0000 \U00000000 ")]
    [InlineData("R\" \\' \"", @" \' ")]
    [InlineData("\t17 ==\n( 18\f - 1\r ) && ! false ? 1 : 2", 1)]
    [InlineData("17// @\n==// '\r@\n(// @\n18// @\n-// @\n1// @\n)// @\n?// @\n1// @\n:// @\n2 // @", 1)]
    public Task Parse(string expression, object expected) => EvaluatesToAsync(expression, expected, "x");

    [Fact]
    public async Task Parse_AsManyRepetitionsAsCelDemands_Evaluates()
    {
        await EvaluatesToAsync(string.Concat(Enumerable.Repeat("true ? true : ", 24)) + "false", true);
        await EvaluatesToAsync(string.Concat(Enumerable.Repeat("false || ", 31)) + "true", true);
        await EvaluatesToAsync(string.Concat(Enumerable.Repeat("true && ", 31)) + "false", false);
        await EvaluatesToAsync($"17 in [{string.Join(", ", Enumerable.Range(0, 32))}]", true);
    }

    // x is a constant that is folded; y is the same expression behind a condition on a column, so that it is evaluated for the event.
    private static Task EvaluatesToAsync(string expression, object expected) => EvaluatesToAsync(expression, expected, "x", "y");

    private static async Task EvaluatesToAsync(string expression, object expected, params string[] columns)
    {
        var rules = columns.Select(column => column == "x" ? $"x = {expression}" : $"y = value == 5 ? ({expression}) : ({expression})");
        var run = await RulesRun.OpenAsync(RulesRun.Json([.. rules]), columns);
        await run.SendAsync(Frames.Of(("a", "u", 5)));
        expected = expected is int or long ? Convert.ToDecimal(expected, System.Globalization.CultureInfo.InvariantCulture) : expected;
        Assert.All(columns, column => Assert.Equal(expected, Assert.Single(run.Values(column))));
    }
}
