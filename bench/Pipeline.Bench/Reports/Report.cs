using Pipeline.Bench.Figures;

namespace Pipeline.Bench.Reports;

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
