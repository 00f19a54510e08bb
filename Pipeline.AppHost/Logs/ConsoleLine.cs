using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Pipeline.AppHost.Logs;

/// <summary>
/// Tells a process's own output in a resource's log. Aspire puts the time before each line: whole milliseconds where the process wrote it, the
/// clock's full resolution on its own messages; those of DCP are marked with [sys].
/// </summary>
internal static class ConsoleLine
{
    private const string SystemMark = "[sys] ";

    /// <summary>Takes a line of a resource's log apart.</summary>
    /// <param name="content">The line.</param>
    /// <param name="text">What the process wrote.</param>
    /// <param name="time">When (UTC).</param>
    /// <returns>False where the process did not write it.</returns>
    public static bool TryParse(string content, [NotNullWhen(true)] out string? text, out DateTime time)
    {
        const DateTimeStyles Utc = DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal;
        var end = content.IndexOf(' ', StringComparison.Ordinal);
        var stamp = end < 0 ? content : content[..end];
        text = content[Math.Min(content.Length, stamp.Length + 1)..];
        if (!DateTime.TryParse(stamp, CultureInfo.InvariantCulture, Utc, out time)
            || time.Ticks % TimeSpan.TicksPerMillisecond != 0
            || text.StartsWith(SystemMark, StringComparison.Ordinal))
        {
            text = null;
        }

        return text is not null;
    }
}
