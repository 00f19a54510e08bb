using System.Globalization;

namespace Pipeline.AppHost.Supervision;

/// <summary>Finds in a process's output why it ended.</summary>
internal static class LastWords
{
    private const string Error = "error: ";

    /// <summary>So many errors are told; the log has them all.</summary>
    private const int Most = 10;

    /// <summary>The last errors on standard error that name themselves so, each once; without any its last line.</summary>
    /// <returns>None where there is nothing.</returns>
    public static string? Of(IEnumerable<LogLine> output)
    {
        var lines = output.Where(line => line.IsErrorMessage).Select(line => WithoutTime(line.Content)).Where(line => line.Length > 0).ToList();
        var last = lines.FindLastIndex(IsError);
        if (last < 0)
            return lines.LastOrDefault();

        var first = lines.FindLastIndex(last, line => !IsError(line)) + 1;
        return string.Join("; ", lines[first..(last + 1)].Select(line => line[Error.Length..]).Distinct().Take(Most));
    }

    private static bool IsError(string line) => line.StartsWith(Error, StringComparison.Ordinal);

    private static string WithoutTime(string line)
    {
        var time = line.IndexOf(' ');
        return (time > 0 && DateTime.TryParse(line.AsSpan(0, time), CultureInfo.InvariantCulture, out _) ? line[time..] : line).Trim();
    }
}
