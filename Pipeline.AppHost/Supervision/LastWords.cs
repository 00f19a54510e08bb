using System.Text.RegularExpressions;
using Pipeline.AppHost.Logs;

namespace Pipeline.AppHost.Supervision;

/// <summary>Finds in a process's output why it ended.</summary>
internal static partial class LastWords
{
    private const string Error = "error: ";

    /// <summary>So many errors are told; the log has them all.</summary>
    private const int Most = 10;

    /// <summary>
    /// The last consecutive lines on standard error that begin with "error: ", each once; without any the last line there; without that what DCP says of a
    /// process that it cannot start.
    /// </summary>
    /// <param name="output">The output, of former starts too.</param>
    /// <param name="since">Start of the process (UTC), if known.</param>
    /// <returns>Null where there is nothing.</returns>
    public static string? Of(IEnumerable<LogLine> output, DateTime? since)
    {
        var lines = new List<string>();
        foreach (var line in output.Where(line => line.IsErrorMessage))
        {
            if (ConsoleLine.TryParse(line.Content, out var text, out var time) && text.Length > 0 && !(time < since))
                lines.Add(text.Trim());
        }

        var last = lines.FindLastIndex(IsError);
        if (last < 0)
            return lines.LastOrDefault() ?? output.Select(line => StartFailure().Match(line.Content)).LastOrDefault(match => match.Success)?.Value;
        var first = lines.FindLastIndex(last, line => !IsError(line)) + 1;
        return string.Join("; ", lines[first..(last + 1)].Select(line => line[Error.Length..]).Distinct().Take(Most));
    }

    [GeneratedRegex(@"(?<=\[sys\] )Failed to start.*")]
    private static partial Regex StartFailure();

    private static bool IsError(string line) => line.StartsWith(Error, StringComparison.Ordinal);
}
