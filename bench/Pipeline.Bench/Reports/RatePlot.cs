using Pipeline.Bench.Figures;
using ScottPlot;

namespace Pipeline.Bench.Reports;

/// <summary>Throughput of all rows as bars, with whiskers from the least to the greatest round.</summary>
internal static class RatePlot
{
    private const int Width = 900;
    private const int RowHeight = 44;
    private const int Frame = 90;

    public static string Svg(IReadOnlyList<RowFigures> rows, string unit)
    {
        using var plot = new Plot();
        var palette = new ScottPlot.Palettes.Category10();
        for (var index = 0; index < rows.Count; index++)
        {
            var rate = rows[index].EventsPerSecond;
            var bar = plot.Add.Bar(position: -index, value: rate.Median / 1e6);
            bar.Bars[0].Orientation = Orientation.Horizontal;
            bar.Color = palette.GetColor(rows[index].Stages.Count > 0 ? 0 : 1);
            var whisker = plot.Add.Line(rate.Min / 1e6, -index, rate.Max / 1e6, -index);
            whisker.Color = Colors.Black;
            whisker.MarkerSize = 0;
        }

        var ticks = rows.Select((row, index) => new Tick(-index, row.Name)).ToArray();
        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual(ticks);
        plot.Axes.Bottom.Label.Text = $"million {unit}/s: median, least to greatest round";
        plot.Axes.Margins(left: 0, right: 0.05);
        plot.HideGrid();
        return plot.GetSvgXml(Width, (rows.Count * RowHeight) + Frame);
    }
}
