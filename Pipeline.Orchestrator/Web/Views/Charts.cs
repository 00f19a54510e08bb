using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>Options of the chart library (Apache ECharts, echarts.apache.org/en/option.html) for the page's charts.</summary>
internal static class Charts
{
    /// <summary>Lines per second over time: a line for each attempt, a dot where a checkpoint was committed.</summary>
    public static object Speed(IReadOnlyList<SpeedPoint> points)
    {
        var attempts = points.GroupBy(point => point.Attempt).Select(attempt => new { attempt.Key, Rates = RatesOf([.. attempt]) });
        return new
        {
            grid = new { left = 8, right = 32, top = 32, bottom = 8, containLabel = true },
            tooltip = new { trigger = "axis" },
            xAxis = new { type = "value", name = "s", min = 0 },
            yAxis = new { type = "value", name = "lines/s" },
            series = attempts.Select(attempt => new
            {
                name = $"attempt {attempt.Key}",
                type = "line",
                areaStyle = new { opacity = 0.15 },
                data = attempt.Rates.Select(rate => new
                {
                    value = new[] { rate.Seconds, rate.LinesPerSecond },
                    symbol = rate.IsCommit ? "circle" : "none",
                    symbolSize = 5,
                }),
            }),
        };
    }

    /// <summary>Bars with a label each.</summary>
    /// <param name="bars">Labels and values, first one at the left.</param>
    /// <param name="unit">What the values are.</param>
    public static object Bars(IReadOnlyList<(string Label, double Value)> bars, string unit) => new
    {
        grid = new { left = 8, right = 16, top = 32, bottom = 8, containLabel = true },
        tooltip = new { trigger = "axis" },
        xAxis = new { type = "category", data = bars.Select(bar => bar.Label), axisLabel = new { rotate = bars.Count > 8 ? 45 : 0 } },
        yAxis = new { type = "value", name = unit },
        series = new[] { new { name = unit, type = "bar", data = bars.Select(bar => bar.Value) } },
    };

    /// <summary>Speed between each two points of an attempt.</summary>
    internal static IReadOnlyList<(double Seconds, double LinesPerSecond, bool IsCommit)> RatesOf(IReadOnlyList<SpeedPoint> points) =>
    [
        .. points.Zip(points.Skip(1)).Where(pair => pair.Second.Millis > pair.First.Millis).Select(pair => (
            pair.Second.Millis / 1e3,
            Math.Round((pair.Second.Lines - pair.First.Lines) * 1e3 / (pair.Second.Millis - pair.First.Millis)),
            pair.Second.Checkpoint > pair.First.Checkpoint)),
    ];
}
