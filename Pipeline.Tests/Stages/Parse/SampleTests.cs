using System.Runtime.CompilerServices;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Tests.Stages.Parse;

public sealed class SampleTests
{
    [Fact]
    public async Task Parse_SampleInput_GivesEventsAWorkItemAndTheExpectedRejects()
    {
        var lines = await File.ReadAllBytesAsync(Path.Combine(Root(), "samples", "events.ndjson"));
        var blank = lines.AsSpan().IndexOf("\n\n"u8) + 1;
        var run = await ParseRun.OverAsync([.. lines[..blank], .. lines[(blank + 1)..]]);

        Assert.Equal((9, 1), (run.Events.Count, run.WorkItems.Count));
        Assert.Equal(
            [
                "invalid_utf8", "invalid_json", "invalid_json", "invalid_json", "lone_surrogate", "not_an_object", "duplicate_field", "missing_field",
                "wrong_type", "empty_field", "invalid_ts", "value_out_of_range", "not_rectangular", "iterations_out_of_range",
            ],
            run.Rejects.Select(r => r.Reason));
    }

    [Fact]
    public async Task Verdicts_EveryRejectReason_IsInTheDocumentation()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "rejects.md"));
        var reasons = Enum.GetValues<Verdict>().Skip(2).Select(Verdicts.Reason);

        Assert.All(reasons, reason => Assert.Contains($"| `{reason}` | Parse |", text, StringComparison.Ordinal));
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
