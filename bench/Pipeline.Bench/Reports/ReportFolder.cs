using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Bench.Cli;
using Pipeline.Bench.Figures;

namespace Pipeline.Bench.Reports;

/// <summary>Writes benchmark.md, benchmark.json and, where there is one, benchmark.svg.</summary>
internal static class ReportFolder
{
    private const string Name = "benchmark";

    /// <exception cref="BenchException">It cannot be written.</exception>
    public static void Write(string folder, Report report, string? plot)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (plot is not null)
                File.WriteAllText(Path.Combine(folder, Name + ".svg"), plot);
            File.WriteAllText(Path.Combine(folder, Name + ".md"), Markdown(report, plot is not null));
            var json = new ReportJsonFile(report.Title, report.Setting, [.. report.Rows.Select(Row)]);
            File.WriteAllText(Path.Combine(folder, Name + ".json"), JsonSerializer.Serialize(json, ReportJson.Default.ReportJsonFile));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BenchException($"the report cannot be written to {folder}: {error.Message}", error);
        }
    }

    private static string Markdown(Report report, bool withPlot)
    {
        var text = new StringBuilder().AppendLine($"## {report.Title}").AppendLine().AppendLine("```");
        foreach (var line in report.Setting.ToLines())
            text.AppendLine(line);
        text.AppendLine("```");
        if (withPlot)
            text.AppendLine().AppendLine($"![{report.Title}]({Name}.svg)");
        foreach (var table in report.Tables)
            text.AppendLine().Append(table.ToMarkdown());
        return text.ToString();
    }

    private static ReportJsonRow Row(RowFigures row) => new(row.Name, row.EventsPerSecond, row.CpuSeconds, row.Rounds);
}

/// <summary>All that was measured, round by round, for other programs.</summary>
internal sealed record ReportJsonFile(string Title, Setting Setting, IReadOnlyList<ReportJsonRow> Rows);

internal sealed record ReportJsonRow(string Name, Spread LinesPerSecond, Spread CpuSeconds, IReadOnlyList<Measurement> Rounds);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(ReportJsonFile))]
internal sealed partial class ReportJson : JsonSerializerContext;
