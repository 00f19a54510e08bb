using System.Globalization;

namespace Pipeline.Client.Views;

/// <summary>Figures as the page and the terminal show them to people.</summary>
public static class Show
{
    /// <summary>Stands for a figure that a stage does not report.</summary>
    public const string Unknown = "unknown";

    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;
    private static readonly string[] Thousands = ["", " k", " M", " G", " T", " P"];
    private static readonly string[] Binary = [" B", " KiB", " MiB", " GiB", " TiB", " PiB"];

    /// <summary>All digits: 1,234,567.</summary>
    public static string Count(long value) => value.ToString("N0", Invariant);

    /// <summary>Three digits: 1.23 M.</summary>
    public static string Short(double value) => Scaled(value, 1_000, Thousands);

    /// <summary>Things and how many of them: 1 line, 1,234 lines.</summary>
    /// <param name="value">How many.</param>
    /// <param name="one">What one of them is called; several have an s more.</param>
    public static string Count(long value, string one) => $"{Count(value)} {one}{(value == 1 ? "" : "s")}";

    /// <summary>Three digits: 1.23 MiB; null is "unknown".</summary>
    public static string Bytes(double? value) => value is { } known ? Scaled(known, 1_024, Binary) : Unknown;

    /// <summary>A share: 12 %; null is "unknown".</summary>
    public static string Share(double? value) => value?.ToString("0 %", Invariant) ?? Unknown;

    /// <summary>CPU time in microseconds, as <see cref="Duration"/>; "unknown" where it is 0, as of a partitioned run, whose slices are not added up.</summary>
    public static string CpuTime(long micros) => micros > 0 ? Micros(micros) : Unknown;

    /// <summary>Memory of a process in bytes, as <see cref="Bytes"/>; "unknown" where it is 0.</summary>
    public static string Memory(long bytes) => Bytes(bytes > 0 ? bytes : null);

    /// <summary>850 ms, 1.23 s, 2 min 3 s, 1 h 2 min.</summary>
    public static string Duration(TimeSpan value) => value switch
    {
        // What would be written as 1000 ms or 60.00 s belongs to the next unit.
        { TotalMilliseconds: < 999.5 } => value.TotalMilliseconds.ToString("0 'ms'", Invariant),
        { TotalSeconds: < 59.995 } => value.TotalSeconds.ToString("0.00 's'", Invariant),
        { TotalMinutes: < 1 } => "1 min 0 s",
        { TotalHours: < 1 } => string.Create(Invariant, $"{value.Minutes} min {value.Seconds} s"),
        _ => string.Create(Invariant, $"{(long)value.TotalHours} h {value.Minutes} min"),
    };

    /// <summary>The same of microseconds.</summary>
    public static string Micros(long value) => Duration(TimeSpan.FromMicroseconds(value));

    /// <summary>2026-01-31 12:34:56, UTC.</summary>
    public static string Time(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", Invariant);

    private static string Scaled(double value, double step, string[] units)
    {
        var unit = 0;
        // What would be written as 1000 belongs to the next unit.
        while (value >= step - 0.5 && unit < units.Length - 1)
        {
            value /= step;
            unit++;
        }

        var format = unit == 0 || value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00";
        return value.ToString(format, Invariant) + units[unit];
    }
}
