using Pipeline.Cli;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.Cli;

public sealed class MarkdownReportTests : FolderTests
{
    [Fact]
    public void Write_CompletedRun_HasATableForEachShapeOfResults()
    {
        var report = Report("""
            {"workItemId":"w-0","score":1.5}
            {"key":"click","count":2,"sum":30,"avg":15}
            {"key":["a","b"],"count":1,"sum":1,"avg":1}
            """);

        Assert.Contains("| workItemId | score |\n| --- | --- |\n| w-0 | 1.5 |\n", report, StringComparison.Ordinal);
        Assert.Contains(
            "| key | count | sum | avg |\n| --- | --- | --- | --- |\n| click | 2 | 30 | 15 |\n| \\[\"a\",\"b\"\\] | 1 | 1 | 1 |\n",
            report,
            StringComparison.Ordinal);
    }

    // Aspire drops empty lines from the output of a command; without them the table would be part of the paragraph before.
    [Fact]
    public void Write_WithoutItsEmptyLines_StillSeparatesTheTables()
    {
        var report = Report("""{"key":"click","count":2}""").Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(" ", report[Array.IndexOf(report, "| key | count |") - 1]);
    }

    [Fact]
    public void Write_MarkupInAKey_IsEscaped() =>
        Assert.Contains("| \\|\\<img\\> \\*x\\* |", Report("""{"key":"|<img>\n*x*"}"""), StringComparison.Ordinal);

    [Fact]
    public void Write_MarkupInAPath_IsEscaped()
    {
        using var output = new StringWriter();
        MarkdownReport.Write(new LineWriter(output), SampleRun.New(state: RunState.Completed) with { Output = "/a`<img>.ndjson", Rejects = "/a*.ndjson" });

        Assert.Contains("Results: /a\\`\\<img\\>.ndjson", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Rejects: /a\\*.ndjson", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_LinesThatAreNoObjects_AreCode()
    {
        var report = Report("""
            click,2
            ["a"]
            {"key":"click","count":2}
            {"key":"\ud800"}
            """);

        Assert.Contains(
            "| key | count |\n| --- | --- |\n| click | 2 |\n \n    click,2\n    [\"a\"]\n    {\"key\":\"\\ud800\"}\n \n", report, StringComparison.Ordinal);
        Assert.DoesNotContain("More results", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_MoreResultsThanShown_SaysSo()
    {
        var report = Report(string.Join('\n', Enumerable.Range(0, 11).Select(i => $$"""{"key":"k{{i}}"}""")));

        Assert.Contains("| k9 |", report, StringComparison.Ordinal);
        Assert.DoesNotContain("k10", report, StringComparison.Ordinal);
        Assert.Contains("More results follow in the file.", report, StringComparison.Ordinal);
    }

    private string Report(string results)
    {
        using var output = new StringWriter { NewLine = "\n" };
        MarkdownReport.Write(new LineWriter(output), SampleRun.New(state: RunState.Completed) with { Output = Write("results.ndjson", results) });
        return output.ToString();
    }
}
