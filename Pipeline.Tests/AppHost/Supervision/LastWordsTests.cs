using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Pipeline.AppHost.Supervision;

namespace Pipeline.Tests.AppHost.Supervision;

public class LastWordsTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 2, DateTimeKind.Utc);

    [Theory]
    [InlineData(null)]
    [InlineData(null, "out")]
    [InlineData("late", "!early", "!late", "out")]
    [InlineData("b; c", "!error: a", "!warning", "!error: b", "out", "!error: c", "!bye")]
    [InlineData("twice", "!error: twice", "!error: twice")]
    public void Of_Output_TellsTheLastErrorsOrTheLastLine(string? expected, params string[] lines) =>
        Assert.Equal(expected, LastWords.Of(lines.Select(line => Line(Start, line.TrimStart('!'), line[0] == '!')), Start));

    [Fact]
    public void Of_OutputOfAFormerStart_IsLeftOut() => Assert.Equal(
        "now", LastWords.Of([Line(Start.AddSeconds(-1), "error: then", true), Line(Start.AddSeconds(1), "now", true)], Start));

    [Fact]
    public void Of_ProcessThatWasNotStarted_TellsWhatDcpSays() => Assert.Equal(
        "Failed to start Executable: no such file",
        LastWords.Of([new(1, "2026-01-01T00:00:02.0000000Z [sys] Failed to start Executable: no such file", IsErrorMessage: false)], Start));

    // As Aspire tells a process's own output.
    private static LogLine Line(DateTime time, string text, bool isError) =>
        new(1, $"{time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture)} {text}", isError);
}
