namespace Pipeline.Tests.Stages.Rules;

public sealed class ExpressionTests
{
    // One event: type = "Purchase", user = "", value = 12.50, line = 7.
    [Theory]
    [InlineData("type", "Purchase")]
    [InlineData("user", "")]
    [InlineData(@"'it\'s'", "it's")]
    [InlineData("\"it's\"", "it's")]
    [InlineData(@"'a\n'", "a\n")]
    [InlineData("'a' + type + 'b'", "aPurchaseb")]
    [InlineData("type.lowerAscii()", "purchase")]
    [InlineData("type.upperAscii()", "PURCHASE")]
    [InlineData("(' ' + type + ' ').trim()", "Purchase")]
    [InlineData("value > 10 ? 'big' : 'small'", "big")]
    [InlineData("value > 100 ? 'a' : value > 50 ? 'b' : 'c'", "c")]
    public async Task Texts(string expression, string expected) => Assert.Equal(expected, await EvaluateAsync(expression));

    [Theory]
    [InlineData("value", 12.5)]
    [InlineData("-value", -12.5)]
    [InlineData("value + 1", 13.5)]
    [InlineData("value - 0.25", 12.25)]
    [InlineData("value * 2", 25)]
    [InlineData("1 / 3", 0.333333333)]
    [InlineData("2 / 3", 0.666666667)]
    [InlineData("0.0000000005 + value - value", 0)]
    [InlineData("0.0000000015 + value - value", 0.000000002)]
    [InlineData("-0.0000000025 + value - value", -0.000000002)]
    [InlineData("7 % 4", 3)]
    [InlineData("value % 5", 2.5)]
    [InlineData("type.size()", 8)]
    [InlineData("size(type) / 3", 2.666666667)]
    [InlineData("2 + 3 * 4", 14)]
    [InlineData("(2 + 3) * 4", 20)]
    [InlineData("2 - 3 - 4", -5)]
    [InlineData("line * 1000 + ts % 2", 7000)]
    [InlineData("9223372036854775807", 9223372036854775807d)]
    public async Task Numbers(string expression, double expected) =>
        Assert.Equal(expected, (double)(decimal)(await EvaluateAsync(expression))!);

    [Theory]
    [InlineData("type == 'Purchase'", true)]
    [InlineData("type == 'purchase'", false)]
    [InlineData("type != 'x'", true)]
    [InlineData("type < 'Q'", true)]
    [InlineData("type >= 'a'", false)]
    [InlineData("type.startsWith('Pur')", true)]
    [InlineData("type.endsWith('ase')", true)]
    [InlineData("type.contains('rch')", true)]
    [InlineData("type.contains('RCH')", false)]
    [InlineData("user == ''", true)]
    [InlineData("user.size() == 0", true)]
    [InlineData("type in ['a', 'Purchase']", true)]
    [InlineData("!(type in ['a', 'Purchase'])", false)]
    [InlineData("value in [1, -2, 12.5]", true)]
    [InlineData("value in [line, value - 1 + 1]", true)]
    [InlineData("value * 2 in [24, 25]", true)]
    [InlineData("type.lowerAscii() in ['purchase', user]", true)]
    [InlineData("(value > 1) in [false]", false)]
    [InlineData("!(value in [1, 2])", true)]
    [InlineData("value == 12.500", true)]
    [InlineData("10 < value", true)]
    [InlineData("12.5 >= value", true)]
    [InlineData("value > -1 && value < 12.51", true)]
    [InlineData("value > 13 || type == 'Purchase'", true)]
    [InlineData("value > 13 || !(type == 'x') && true", true)]
    [InlineData("!(value > 13)", true)]
    [InlineData("false || false && true", false)]
    [InlineData("true || true && false", true)]
    [InlineData("true || value == 12.5 ? value > 1 : value > 100", true)]
    [InlineData(@"type + '\uFFFD' < type + '\U0001F600'", true)]
    [InlineData("type == 'x' && 1 / (value - value) > 1", false)]
    [InlineData("(value > 1) == (line > 1)", true)]
    public async Task Booleans(string expression, bool expected)
    {
        Assert.Equal(expected, await EvaluateAsync(expression));

        var run = await RulesRun.OpenAsync(RulesRun.Json("drop " + expression), "type");
        await run.SendAsync(Event());
        Assert.Equal(expected ? 1 : 0, run.Context.Meter.Filtered);
    }

    [Theory]
    [InlineData("1 / (value - value)")]
    [InlineData("line / (line - 7)")]
    [InlineData("value % (line - 7)")]
    [InlineData("ts * ts * ts")]
    [InlineData("ts * 10000000")]
    [InlineData("value > 1 ? 9223372036854775808 : 1")]
    public async Task Process_ExpressionCannotBeComputed_RejectsTheLine(string expression)
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("x = " + expression), "type");
        Assert.Contains("line", run.Opened.Columns);
        Assert.Contains("offset", run.Opened.Columns);
        await run.SendAsync(Event());

        var reject = Assert.Single(run.Rejects);
        Assert.Equal((7L, 700L, "rule_failed", 0), (reject.Line, reject.Offset, reject.Reason, reject.Raw.Length));
        Assert.Equal((0, 1L, 0L), (run.Output.Events.Single().Count, run.Context.Meter.Rejected, run.Context.Meter.Filtered));
        Assert.Empty(run.Output.Events.Single().Columns);
    }

    private static async Task<object?> EvaluateAsync(string expression)
    {
        var run = await RulesRun.OpenAsync(RulesRun.Json("x = " + expression), "x");
        await run.SendAsync(Event());
        return Assert.Single(run.Values("x"));
    }

    private static Pipeline.Stages.Core.Batching.EventFrame Event() => Frames.Events(1)
        .With(Frames.Text("type", ["Purchase"])).With(Frames.Text("user", [""]))
        .With(Frames.Number("ts", [1_767_225_600_000])).With(Frames.Number("value", [1250], 2))
        .With(Frames.Number("line", [7])).With(Frames.Number("offset", [700]));
}
