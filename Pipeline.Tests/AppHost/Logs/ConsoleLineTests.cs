using Pipeline.AppHost.Logs;

namespace Pipeline.Tests.AppHost.Logs;

public class ConsoleLineTests
{
    [Theory]
    [InlineData("2026-11-25T22:33:37.3570000Z run 1 over x", "run 1 over x")]
    [InlineData("2026-11-25T22:33:37.3570000Z   {\"key\":1}", "  {\"key\":1}")]
    [InlineData("2026-11-25T22:33:37.3570000Z ", "")]
    [InlineData("2026-11-25T22:33:37Z", "")]
    public void TryParse_LineOfTheProcess_GivesItsText(string content, string expected)
    {
        Assert.True(ConsoleLine.TryParse(content, out var text, out var time));
        Assert.Equal(expected, text);
        Assert.Equal(new DateTime(2026, 11, 25, 22, 33, 37, DateTimeKind.Utc), time.AddTicks(-(time.Ticks % TimeSpan.TicksPerSecond)));
    }

    [Theory]
    [InlineData("2026-11-25T22:33:30.8309379Z No custom certificate authorities to configure")]
    [InlineData("2026-11-25T22:33:30.9160000Z [sys] Starting process...: Cmd = x")]
    [InlineData("Waiting for resource 'sample' to complete.")]
    public void TryParse_LineOfAspire_IsRefused(string content) => Assert.False(ConsoleLine.TryParse(content, out _, out _));
}
