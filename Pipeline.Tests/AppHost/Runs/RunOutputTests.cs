using Aspire.Hosting.ApplicationModel;
using Pipeline.AppHost.Runs;

namespace Pipeline.Tests.AppHost.Runs;

public class RunOutputTests
{
    private static readonly LogLine Running = Error("2026-01-01T00:00:00.100Z r1: running");
    private static readonly LogLine Failed = Error("2026-01-01T00:00:00.200Z r1: failed");
    private static readonly LogLine Report = new(0, "2026-01-01T00:00:00.200Z run r1: failed", IsErrorMessage: false);
    private static readonly LogLine Reason = Error("2026-01-01T00:00:00.200Z error: disk_full");

    [Fact]
    public void Take_ReportComesBeforeProgress_PassesProgressOnly() => Assert.Equal([Running], new RunOutput().Take([Report, Reason, Running]));

    [Fact]
    public void Rest_OtherOrderThanBefore_TellsEachLineOnceWithTheErrorLast()
    {
        var output = new RunOutput();
        output.Take([Report, Running]);

        Assert.Equal([Failed, Report, Reason], output.Rest([Reason, Report, Failed, Running]));
    }

    [Fact]
    public void Rest_SameLineTwice_TellsTheSecond()
    {
        var output = new RunOutput();
        output.Take([Running]);

        Assert.Equal([Running], output.Rest([Running, Running]));
    }

    private static LogLine Error(string content) => new(0, content, IsErrorMessage: true);
}
