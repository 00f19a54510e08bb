using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>Options of the chart library (Apache ECharts, echarts.apache.org/en/option.html) for the page's charts.</summary>
internal static class Charts
{
    // A little less than the interval at which stages report, by default: the reports of several slices come in bursts.
    private const long MinMillis = 900;
    private const long BurstMillis = MinMillis / 4;

    /// <summary>Lines per second over time: a line for each attempt, a dot where a checkpoint was committed; null where there is no line to draw.</summary>
    public static object? Speed(IReadOnlyList<SpeedPoint> points)
    {
        var attempts = points.GroupBy(point => point.Attempt).Select(attempt => new { attempt.Key, Rates = RatesOf([.. attempt]) }).ToList();
        return attempts.TrueForAll(attempt => attempt.Rates.Count < 2) ? null : new
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
        xAxis = new { type = "category", data = bars.Select(bar => bar.Label) },
        yAxis = new { type = "value", name = unit, minInterval = bars.All(bar => double.IsInteger(bar.Value)) ? 1 : 0 },
        series = new[] { new { name = unit, type = "bar", data = bars.Select(bar => bar.Value) } },
    };

    /// <summary>Speed between points of an attempt that are far enough apart: not the speed within a burst of reports.</summary>
    internal static IReadOnlyList<(double Seconds, double LinesPerSecond, bool IsCommit)> RatesOf(IReadOnlyList<SpeedPoint> points)
    {
        var spaced = Spaced(points);
        return
        [
            .. spaced.Zip(spaced.Skip(1)).Where(pair => pair.Second.Millis > pair.First.Millis).Select(pair => (
                pair.Second.Millis / 1e3,
                Math.Round((pair.Second.Lines - pair.First.Lines) * 1e3 / (pair.Second.Millis - pair.First.Millis)),
                pair.Second.Checkpoint > pair.First.Checkpoint)),
        ];
    }

    // The first point, and of each burst the last one; the last point takes the place of one that is too near.
    private static List<SpeedPoint> Spaced(IReadOnlyList<SpeedPoint> points)
    {
        List<SpeedPoint> spaced = [points[0]];
        var burst = 0L;
        foreach (var point in points.Skip(1))
        {
            if (point.Millis - spaced[^1].Millis >= MinMillis)
            {
                burst = point.Millis;
                spaced.Add(point);
            }
            else if (spaced.Count > 1 && point.Millis - burst <= BurstMillis)
            {
                spaced[^1] = point;
            }
        }

        if (spaced.Count > 1)
            spaced[^1] = points[^1];
        else
            spaced.Add(points[^1]);
        return spaced;
    }
}
