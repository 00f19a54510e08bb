using System.Globalization;

namespace Pipeline.AppHost.Supervision;

/// <summary>Finds in a process's output why it ended.</summary>
internal static class LastWords
{
    private const string Error = "error: ";

    /// <summary>So many errors are told; the log has them all.</summary>
    private const int Most = 10;

    /// <summary>The last errors on standard error that name themselves so, each once; without any its last line.</summary>
    /// <param name="output">What is kept of the output, of former starts too.</param>
    /// <param name="since">What is older is not looked at (UTC); none means all.</param>
    /// <returns>None where there is nothing.</returns>
    public static string? Of(IEnumerable<LogLine> output, DateTime? since = null)
    {
        var lines = output.Where(line => line.IsErrorMessage).Select(line => Split(line.Content))
            .Where(line => line.Text.Length > 0 && !(line.Time < since)).Select(line => line.Text).ToList();
        var last = lines.FindLastIndex(IsError);
        if (last < 0)
            return lines.LastOrDefault();

        var first = lines.FindLastIndex(last, line => !IsError(line)) + 1;
        return string.Join("; ", lines[first..(last + 1)].Select(line => line[Error.Length..]).Distinct().Take(Most));
    }

    private static bool IsError(string line) => line.StartsWith(Error, StringComparison.Ordinal);

    // The host puts the time before each line.
    private static (DateTime? Time, string Text) Split(string line) =>
        line.IndexOf(' ') is > 0 and var end
        && DateTime.TryParse(line.AsSpan(0, end), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var time)
            ? (time, line[end..].Trim())
            : (null, line.Trim());
}
