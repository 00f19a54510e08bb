using Pipeline.AppHost.Logs;

namespace Pipeline.Tests.AppHost.Logs;

public class LogFilesTests
{
    [Theory]
    [InlineData("plain [31m", "plain [31m")]
    [InlineData("\x1b[31mred\x1b[0m and \x1b[1;38;5;200mmore\x1b[m", "red and more")]
    [InlineData("\x1b]8;;http://host/\x1b\\link\x1b]8;;\a", "link")]
    [InlineData("cut\x1b[2K\x1b[1G", "cut")]
    public void Plain_EscapeCodes_AreTakenOut(string line, string expected) => Assert.Equal(expected, LogFiles.Plain(line));
}
