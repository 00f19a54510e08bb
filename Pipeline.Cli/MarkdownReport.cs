using System.Globalization;
using System.Text.Json;
using Pipeline.Client.Runs;

namespace Pipeline.Cli;

/// <summary>A run as Markdown: how it ended, its counts, and its first results as a table.</summary>
internal static class MarkdownReport
{
    // A blank line ends a paragraph and a table. A space, because Aspire drops empty lines from the output of a command.
    private const string BlankLine = " ";

    /// <summary>Writes it.</summary>
    public static void Write(LineWriter output, Run run)
    {
        output.WriteLine(BlankLine);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"**Run {run.Id}: {run.State.ToText()}**{(run.Attempts > 1 ? $" after {run.Attempts} attempts" : "")}, {run.ElapsedMicros / 1e6:0.000} s"));
        output.WriteLine(BlankLine);
        var counts = run.Counts;
        WriteTable(
            output,
            ["lines", "events", "work items", "filtered", "rejected", "blank"],
            [[Number(counts.Lines), Number(counts.Events), Number(counts.WorkItems), Number(counts.Filtered), Number(counts.Rejected), Number(counts.Blank)]]);
        if (run.Error is { } error)
            output.WriteLine($"Error: {Escape(error.Reason)}: {Escape(error.Message)}");
        if (run.State != RunState.Completed)
            return;

        WriteResults(output, RunReport.FirstResults(run));
        output.WriteLine($"Results: {Escape(run.Output)}");
        if (run.Rejects is null)
            return;
        output.WriteLine(BlankLine);
        output.WriteLine($"Rejects: {Escape(run.Rejects)}");
    }

    // Lines of one shape make one table: groups have other fields than work items.
    private static void WriteResults(LineWriter output, IReadOnlyList<string> lines)
    {
        var rows = lines.TakeWhile(line => line != "...").Select(line => (Line: line, Fields: FieldsOf(line))).ToList();
        foreach (var table in rows.Select(row => row.Fields).OfType<List<(string Name, string Value)>>()
            .GroupBy(row => string.Join(',', row.Select(field => field.Name))))
        {
            WriteTable(output, [.. table.First().Select(field => field.Name)], table.Select(row => row.Select(field => field.Value)));
        }

        // Indented, Markdown shows it as code, whatever is in it.
        foreach (var (line, _) in rows.Where(row => row.Fields is null))
            output.WriteLine($"    {line}");
        if (rows.Exists(row => row.Fields is null))
            output.WriteLine(BlankLine);
        if (rows.Count == lines.Count)
            return;
        output.WriteLine("More results follow in the file.");
        output.WriteLine(BlankLine);
    }

    // Null where the line is no object.
    private static List<(string Name, string Value)>? FieldsOf(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return [.. document.RootElement.EnumerateObject().Select(field => (
                field.Name, field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()! : field.Value.GetRawText()))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The sink may be somebody else's, and what it wrote of another form.
            return null;
        }
    }

    private static void WriteTable(LineWriter output, IReadOnlyList<string> head, IEnumerable<IEnumerable<string>> rows)
    {
        WriteRow(output, head);
        WriteRow(output, head.Select(_ => "---"));
        foreach (var row in rows)
            WriteRow(output, row);
        output.WriteLine(BlankLine);
    }

    private static void WriteRow(LineWriter output, IEnumerable<string> cells) => output.WriteLine($"| {string.Join(" | ", cells.Select(Escape))} |");

    /// <summary>Text from a file or a peer cannot become markup.</summary>
    private static string Escape(string text) => string.Concat(
        text.Select(character => "\\`*_{}[]<>#|~!".Contains(character, StringComparison.Ordinal) ? $"\\{character}" : character.ToString()));

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
