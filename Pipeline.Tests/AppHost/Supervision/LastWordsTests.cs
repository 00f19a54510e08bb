using Aspire.Hosting.ApplicationModel;
using Pipeline.AppHost.Supervision;

namespace Pipeline.Tests.AppHost.Supervision;

public class LastWordsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(null, "out")]
    [InlineData("late", "!early", "!late", "out")]
    [InlineData("b; c", "!error: a", "!warning", "!error: b", "out", "!error: c", "!bye")]
    [InlineData("twice", "!error: twice", "!error: twice")]
    public void The_last_errors_or_the_last_line(string? expected, params string[] lines) =>
        Assert.Equal(expected, LastWords.Of(lines.Select(line => new LogLine(1, line.TrimStart('!'), line[0] == '!'))));

    [Fact]
    public void Not_those_of_a_former_start() => Assert.Equal("now", LastWords.Of(
        [
            new LogLine(1, "2026-01-01T00:00:00.0000000Z error: then", true),
            new LogLine(2, "2026-01-01T02:00:01.0000000+02:00 error: then, too", true),
            new LogLine(3, "2026-01-01T00:00:03.0000000Z now", true),
        ],
        new DateTime(2026, 1, 1, 0, 0, 2, DateTimeKind.Utc)));

    [Fact]
    public void Without_the_time_that_the_host_puts_before_a_line() =>
        Assert.Equal("wrong", LastWords.Of([new LogLine(1, "2026-01-01T00:00:00.0000000Z error: wrong", true)]));
}
