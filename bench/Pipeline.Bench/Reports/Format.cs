using System.Globalization;
using Pipeline.Bench.Figures;

namespace Pipeline.Bench.Reports;

/// <summary>Figures as text: median (least to greatest).</summary>
internal static class Format
{
    /// <summary>Stands where there is no figure.</summary>
    public const string None = "";

    /// <summary>Without decimals.</summary>
    public static string Whole(Spread figure) => Text(figure, "N0");

    /// <summary>With two decimals.</summary>
    public static string Fraction(Spread figure) => Text(figure, "N2");

    /// <summary>A ratio: enough decimals for small ones.</summary>
    public static string Ratio(Spread figure) => Text(figure, figure.Median < 0.1 ? "N4" : "N2");

    /// <summary>A share as percentage.</summary>
    public static string Percent(Spread figure) => Text(new Spread(figure.Median * 100, figure.Min * 100, figure.Max * 100), "N0") + " %";

    /// <summary>Bytes as MB (10^6); unknown where a system does not tell.</summary>
    public static string Megabytes(Spread figure) => figure.Min <= 0
        ? "unknown"
        : Text(new Spread(figure.Median / 1e6, figure.Min / 1e6, figure.Max / 1e6), "N0");

    private static string Text(Spread figure, string format)
    {
        var (median, min, max) = (Number(figure.Median), Number(figure.Min), Number(figure.Max));
        return min == max ? median : $"{median} ({min} to {max})";

        string Number(double value) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}
