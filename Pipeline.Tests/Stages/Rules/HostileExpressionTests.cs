using Pipeline.Stages.Rules.Definition;

namespace Pipeline.Tests.Stages.Rules;

/// <summary>Expressions that use anything outside the language are refused when they are parsed; nothing of them is executed.</summary>
public sealed class HostileExpressionTests
{
    [Theory]
    [InlineData("typeof(string) == null")]
    [InlineData("new(type as x)")]
    [InlineData("new System.Uri('http://a')")]
    [InlineData("type.GetType().Assembly.FullName == 'x'")]
    [InlineData("''.GetType()")]
    [InlineData("System.IO.File.ReadAllText('/etc/passwd') == ''")]
    [InlineData("\"System.IO.File\"(type)")]
    [InlineData("\"System.DateTime\"?(type)")]
    [InlineData("Environment.Exit(1)")]
    [InlineData("Math.Max(1, 2) == 2")]
    [InlineData("Convert.ToInt32(type) == 1")]
    [InlineData("DateTime.Now > DateTime.UtcNow")]
    [InlineData("int.Parse(type) == 1")]
    [InlineData("string.Join(',', type) == ''")]
    [InlineData("it.size() == 1")]
    [InlineData("$.type == ''")]
    [InlineData("root == null")]
    [InlineData("parent == null")]
    [InlineData("null == type")]
    [InlineData("np(type) == ''")]
    [InlineData("isnull(type, '') == ''")]
    [InlineData("as(type, \"System.Object\") == type")]
    [InlineData("cast(type, \"System.Object\") == type")]
    [InlineData("is(type, \"System.Object\")")]
    [InlineData("type[0] == 'a'")]
    [InlineData("type.Chars(0) == 'a'")]
    [InlineData("type.Any()")]
    [InlineData("type.Count() == 1")]
    [InlineData("type.Where(x => true)")]
    [InlineData("type.Select(c => c).Count() > 0")]
    [InlineData("@0 == type")]
    [InlineData("c0 == 'x'")]
    [InlineData("l0 == 'x'")]
    [InlineData("type.PadLeft(2000000000) == ''")]
    [InlineData("type.Replace('a', 'b') == ''")]
    [InlineData("type.contains('a', 1)")]
    [InlineData("type.contains(1)")]
    [InlineData("type.contains()")]
    [InlineData("type.contains")]
    [InlineData("type.size")]
    [InlineData("type.startswith('a')")]
    [InlineData("Type == 'a'")]
    [InlineData("value.ToString() == ''")]
    [InlineData("value.Scale == 1")]
    [InlineData("type + value == ''")]
    [InlineData("type - type == ''")]
    [InlineData("type & type == ''")]
    [InlineData("value | 1 == 1")]
    [InlineData("value << 1 == 1")]
    [InlineData("type ?? 'a' == 'a'")]
    [InlineData("type?.size() == 1")]
    [InlineData("type == #a#")]
    [InlineData("type == 'a'; true")]
    [InlineData("value == 1e9")]
    [InlineData("value == 0x10")]
    [InlineData("value == 1m")]
    [InlineData("value == 1.")]
    [InlineData("value == .5")]
    [InlineData("value == 12345678901234567890123456789")]
    [InlineData("value in []")]
    [InlineData("value in 5")]
    [InlineData("value in [1 2]")]
    [InlineData("value in [1, 2")]
    [InlineData("type in [1]")]
    [InlineData("(value > 1) in [1]")]
    [InlineData("value > 1 > 2")]
    [InlineData("value && true")]
    [InlineData("!value")]
    [InlineData("-type == 'a'")]
    [InlineData("value ? true : false")]
    [InlineData("true ? 1 : 'a'")]
    [InlineData("size(type, type)")]
    [InlineData("true(false)")]
    [InlineData("type(value)")]
    [InlineData("&&")]
    [InlineData("true &&")]
    [InlineData("(true")]
    [InlineData("true)")]
    [InlineData("true true")]
    [InlineData("'a")]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\0")]
    [InlineData("\u202Etrue")]
    [InlineData("value == \u0661")]
    [InlineData("1 / 0 == 1")]
    public void TryParse_UnsupportedOrMalformedExpression_IsRefused(string expression)
    {
        Assert.Null(RuleSet.TryParse(RulesRun.Json("drop " + expression), out var errors));
        Assert.All(errors, error => Assert.Equal(1, error.Rule));
        Assert.All(errors, error => Assert.DoesNotContain("System.", error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void TryParse_ExpressionTooDeepOrTooLong_IsRefused()
    {
        string[] hostile =
        [
            new string('(', 100_000) + "true" + new string(')', 100_000),
            string.Concat(Enumerable.Repeat("(", 33)) + "true" + string.Concat(Enumerable.Repeat(")", 33)),
            string.Concat(Enumerable.Repeat("!", 33)) + "true",
            string.Concat(Enumerable.Repeat("-", 33)) + "1 > 0",
            string.Concat(Enumerable.Repeat("false ? false : ", 33)) + "true",
            string.Concat(Enumerable.Repeat("'' in [", 33)) + "''" + new string(']', 33),
            "type" + string.Concat(Enumerable.Repeat(".trim()", 33)) + " == ''",
            string.Concat(Enumerable.Repeat("size(", 33)) + "''" + new string(')', 33) + " == 0",
            string.Join(" && ", Enumerable.Repeat("true", 300)),
            "type == '" + new string('x', 5_000) + "'",
        ];
        Assert.All(hostile, expression => Assert.Null(RuleSet.TryParse(RulesRun.Json("drop " + expression), out _)));
    }

    [Fact]
    public async Task Process_ExpressionsAtTheDepthAndLengthLimits_AreEvaluated()
    {
        var deep = string.Concat(Enumerable.Repeat("(", 32)) + "value > 1" + string.Concat(Enumerable.Repeat(")", 32));
        var nots = string.Concat(Enumerable.Repeat("!", 31)) + "(value < 1)";
        var chain = string.Join(" || ", Enumerable.Repeat("type == 'b'", 127));
        var choices = string.Concat(Enumerable.Repeat("value < 0 ? 'n' : ", 32)) + "'p'";
        var run = await RulesRun.OpenAsync(RulesRun.Json("a = " + deep, "b = " + nots, "c = " + chain, "d = " + choices), "a", "b", "c", "d");
        await run.SendAsync(Frames.Of(("a", "u", 5)));

        Assert.Equal([true, true, false, "p"], new[] { "a", "b", "c", "d" }.Select(column => run.Values(column).Single()));
    }

    [Fact]
    public async Task Process_RulesDoubleATextFortyTimes_RejectsTheLine()
    {
        string[] doubling = ["x = 'xxxxxxxx' + type", .. Enumerable.Repeat("x = x + x", 40)];
        var run = await RulesRun.OpenAsync(RulesRun.Json(doubling), "type");
        await run.SendAsync(Frames.Of(("a", "u", 5)));

        Assert.Equal("rule_failed", Assert.Single(run.Rejects).Reason);
    }
}
