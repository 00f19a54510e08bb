using Pipeline.Cli;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.Cli;

public sealed class RunReportTests : CommandTests
{
    [Theory]
    [InlineData(new long[] { 900, 800, 20, 0 }, "parse")]
    [InlineData(new long[] { 900, 850, 800, 790 }, "aggregate")]
    [InlineData(new long[] { 900, 10, 10, 10 }, "ingest")]
    [InlineData(new long[] { 40, 10, 10, 10 }, null)]
    [InlineData(new long[] { 0, 0, 0, 0 }, null)]
    public void WaitingEdge_FiguresOfARoute_IsTheLowestOfTheLongestWaits(long[] waitingToSend, string? above)
    {
        string[] roles = ["ingest", "parse", "rules", "aggregate", "sink"];
        var stages = roles.Select((role, at) => new StageFigures
        {
            InstanceId = role,
            Role = role,
            WaitingToSendMicros = at < 4 ? waitingToSend[at] : 0,
            ProcessingMicros = at < 4 ? 1_000 - waitingToSend[at] : 1_000,
        }).ToList();
        Assert.Equal(above, StageFigures.WaitingEdge(stages)?.Above.Role);
    }

    [Fact]
    public void WriteAll_SeveralAttempts_TellsDateAndZoneOfEach()
    {
        var began = new DateTimeOffset(2026, 1, 31, 14, 5, 6, TimeSpan.FromHours(2));
        var attempt = new AttemptRecord { Attempt = 1, Started = began, Route = [], Outcome = "failed" };

        RunReport.WriteAll(Terminal, SampleRun.New(at: began) with { History = [attempt, attempt] });

        Assert.Contains("2026-01-31 12:05:06Z", Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_FilesWereSkipped_NamesTheCommandThatTellsWhich()
    {
        RunReport.Write(Terminal, SampleRun.New("1", RunState.Completed) with { Skipped = new SkippedInput(2, ["a", "b"]) }, ReportFormat.Text);

        Assert.Contains("; `pipeline show 1` names them\n", Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WriteAll_OneLineAndAStageThatTellsNoTimes_IsSingularAndUnknown()
    {
        RunReport.WriteAll(Terminal, SampleRun.New(state: RunState.Completed) with
        {
            Skipped = new SkippedInput(1, ["a"]),
            Counts = new RunCounts { Lines = 1, WorkItems = 1 },
            Stages = [new StageFigures { InstanceId = "a", Role = "rules" }],
        });

        Assert.Contains("1 line: 0 events, 1 work item, ", Output, StringComparison.Ordinal);
        Assert.Contains("skipped in the input: 1 file or directory\n", Output, StringComparison.Ordinal);
        Assert.Contains("unknown          unknown           unknown", Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WriteAll_SettingsOfARun_ToldWhereTheyAreNotTheDefault()
    {
        var run = SampleRun.New() with { Options = new RunSettings { Input = "/in", BatchSize = 10, GroupBy = ["user", "type"], Rules = "{\n}" } };

        RunReport.WriteAll(Terminal, run);

        Assert.Contains("\nbatch size: 10\nrules: { }\ngroup by: user, type\n", Output, StringComparison.Ordinal);
        Assert.DoesNotContain("linger", Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WriteAll_CharactersThatATerminalObeys_AreBlanks()
    {
        RunReport.WriteAll(Terminal, SampleRun.New() with
        {
            Input = "/in\u001B]0;x\a",
            Output = "/out\r\nresults: /other",
            WaitingFor = "a\u202Eb\u001B[2J\nc",
            Error = new RunError("in\u001Bternal", "x", "parse\u001B0"),
        });

        Assert.Contains("waiting for: a b [2J c\n", Output, StringComparison.Ordinal);
        Assert.Contains("input: /in ]0;x \noutput: /out  results: /other\n", Output, StringComparison.Ordinal);
        Assert.Contains("error: in ternal at parse 0: x\n", Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void Write_NoEvents_SaysThatThereAreNoGroups(long events, bool isTold)
    {
        var run = SampleRun.New(state: RunState.Completed) with { Counts = new RunCounts { Lines = 1, Events = events, Filtered = 1 - events } };

        RunReport.Write(Terminal, run, ReportFormat.Text, withFigures: true);

        Assert.Equal(isTold, Output.Contains("no groups", StringComparison.Ordinal));
    }

    [Fact]
    public void Write_RunThatWasFollowed_EndsWithATableThatFitsIntoTheTerminal()
    {
        var stage = new StageFigures
        {
            InstanceId = "ghmgmuxg",
            Role = "aggregate",
            ItemsIn = 9_999_999_999,
            ItemsOut = 9_999_999_999,
            ProcessingMicros = 100_000_000,
            WaitingToReceiveMicros = 100_000_000,
            WaitingToSendMicros = 100_000_000,
        };
        using var output = new StringWriter();

        RunReport.Write(
            new Terminal(output, TextWriter.Null, columns: "80"), SampleRun.New(state: RunState.Completed) with { Stages = [stage] }, ReportFormat.Text,
            withFigures: true);

        var lines = output.ToString().Split(System.Environment.NewLine);
        Assert.Contains(lines, line => line.StartsWith("aggregate  9,999,999,999", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
    }

    [Fact]
    public void Write_AnotherImplementationTookOverMeanwhile_TellsIt()
    {
        const string Change = "rules: go 4.0 took over from go 3.0";
        var attempt = new AttemptRecord { Attempt = 2, Started = DateTimeOffset.UnixEpoch, Route = [], TookOver = [Change], Outcome = "drained" };

        RunReport.Write(Terminal, SampleRun.New(state: RunState.Completed) with { History = [attempt] }, ReportFormat.Text);

        Assert.Contains($"\n{Change}\n", Output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_RunWithoutStages_HasNoTable()
    {
        RunReport.Write(Terminal, SampleRun.New(state: RunState.Completed), ReportFormat.Text, withFigures: true);

        Assert.DoesNotContain("waiting edge", Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WaitingEdge_OneStage_IsNull() => Assert.Null(StageFigures.WaitingEdge([new StageFigures { InstanceId = "a", Role = "a" }]));
}
