namespace Pipeline.Tests.Stages.Rules.Evaluation;

/// <summary>A condition that is taken apart into steps drops what it drops as a whole.</summary>
public sealed class DropStepsTests
{
    [Theory]
    [InlineData("!(type != 'a' || {0})")]
    [InlineData("type == 'b' || value % 3 == 1 && ({0})")]
    [InlineData("({0}) && value != 7 || !(user == 'x')")]
    [InlineData("value < 15 && !(type == 'a' && ({0}))")]
    [InlineData("10 / (value - 5) > 0 && ({0})")]
    public async Task Process_JunctionsNestedDeep_DropsAndRejectsTheSame(string level)
    {
        var condition = "value > 12";
        for (var depth = 0; depth < 9; depth++)
            condition = string.Format(System.Globalization.CultureInfo.InvariantCulture, level, condition);

        var apart = await ApplyAsync(condition);
        var whole = await ApplyAsync($"({condition}) ? true : false");

        Assert.Equal(whole.Values("line"), apart.Values("line"));
        Assert.Equal(whole.Filtered, apart.Filtered);
        Assert.Equal(whole.Rejects.Select(reject => reject.Line), apart.Rejects.Select(reject => reject.Line));
    }

    private static async Task<RulesRun> ApplyAsync(string condition)
    {
        var rows = Enumerable.Range(0, 90).ToArray();
        var run = await RulesRun.OpenAsync(RulesRun.Json("drop " + condition), "line");
        return await run.SendAsync(Frames.Events(rows.Length)
            .With(Frames.Text("type", [.. rows.Select(row => row % 2 == 0 ? "a" : "b")]))
            .With(Frames.Text("user", [.. rows.Select(row => row % 3 == 0 ? "x" : "y")]))
            .With(Frames.Number("value", [.. rows.Select(row => row % 20L)])).With(Frames.Number("line", [.. rows.Select(row => (long)row)]))
            .With(Frames.Number("offset", [.. rows.Select(row => (long)row)])));
    }
}
