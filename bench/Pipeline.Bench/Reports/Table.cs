using System.Text;
using Pipeline.Bench.Figures;

namespace Pipeline.Bench.Reports;

/// <summary>A table of the report.</summary>
/// <param name="Title">Above it.</param>
/// <param name="Head">Names of the columns.</param>
/// <param name="Rows">As many cells each.</param>
/// <param name="Note">Below it: what the figures are.</param>
internal sealed record Table(string Title, string[] Head, IReadOnlyList<string[]> Rows, string Note)
{
    /// <summary>For people at a console.</summary>
    public string ToText()
    {
        var widths = Head.Select((name, column) => Rows.Select(row => row[column].Length).Append(name.Length).Max()).ToArray();
        var text = new StringBuilder().AppendLine(Title);
        foreach (var row in Rows.Prepend(Head))
            text.AppendLine("  " + string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        return text.Append("  ").AppendLine(Note).ToString();
    }

    /// <summary>For a document.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder().AppendLine($"### {Title}").AppendLine();
        Line(Head);
        Line(Head.Select((_, column) => column == 0 ? "---" : "---:"));
        foreach (var row in Rows)
            Line(row);
        return text.AppendLine().AppendLine(Note).ToString();

        void Line(IEnumerable<string> cells) => text.AppendLine($"| {string.Join(" | ", cells)} |");
    }
}

/// <summary>What a benchmark found.</summary>
internal sealed record Report(string Title, Setting Setting, IReadOnlyList<Table> Tables, IReadOnlyList<RowFigures> Rows)
{
    /// <summary>For people at a console.</summary>
    public void WriteTo(TextWriter output)
    {
        foreach (var line in Setting.ToLines())
            output.WriteLine(line);
        foreach (var table in Tables)
        {
            output.WriteLine();
            output.Write(table.ToText());
        }
    }
}
