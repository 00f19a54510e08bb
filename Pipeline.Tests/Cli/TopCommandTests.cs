using System.Threading.Channels;
using Pipeline.Cli;
using Pipeline.Client.Runs;
using Pipeline.Tests.Orchestrator.Fakes;
using Spectre.Console;

namespace Pipeline.Tests.Cli;

public sealed class TopCommandTests : CommandTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Watch_NewerRunWhileAnotherGoesOn_IsShown()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        using var client = new RunsClient(new Uri(served.Endpoint.Address), ServedOrchestrator.Key);
        using var screen = new Screen();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(screen),
        });
        (console.Profile.Width, console.Profile.Height) = (400, 100);
        using var interrupt = new CancellationTokenSource();
        var first = await client.StartAsync(new RunSettings { Input = Write("in.ndjson") });
        (await served.Stages.NextAsync()).Opens();
        var top = CommandLine.RunAsync(
            ["top"], new Terminal(TextWriter.Null, TextWriter.Null, console), EnvironmentOf(served), interrupt.Token);
        await screen.ShowsAsync(first.Id);

        var second = await client.StartAsync(new RunSettings { Input = InFolder("in.ndjson") });
        (await served.Stages.NextAsync()).Opens();

        await screen.ShowsAsync($"run {second.Id}: ");
        await screen.ShowsAsync($"1 other active run: {first.Id} (running)");
        await interrupt.CancelAsync();
        Assert.Equal(ExitCodes.Ok, await top.WaitAsync(Waiting.Limit));
    }

    [Fact]
    public void Lines_NarrowTerminal_FitAndKeepWhoWaits()
    {
        var picture = new TopCommand.Picture(TimeProvider.System)
        {
            Topology = new() { Revision = 1, Epoch = "e", Connected = true, Instances = [Instance("parse-qgrgtgmc"), Instance("parse-yrvzzabc")] },
        };
        picture.Take(NewRun(Noon, 1_000));
        picture.Take(NewRun(Noon.AddSeconds(2), 5_000));

        var lines = picture.Lines(72).ToList();

        Assert.All(lines, line => Assert.InRange(line.Length, 1, 72));
        Assert.Matches("^stage +instance +in/s +out/s +works +input wait +output wait$", lines[1]);
        Assert.Contains("unknown", lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunState.Running, false)]
    [InlineData(RunState.Completed, true)]
    public void Lines_RunThatIsOver_SaysThatItsFiguresAreOld(RunState state, bool isOver)
    {
        var picture = new TopCommand.Picture(TimeProvider.System) { Topology = new() { Revision = 1, Epoch = "e", Connected = true, Instances = [] } };

        picture.Take(NewRun(Noon, 1_000) with { State = state, ElapsedMicros = 1 });

        Assert.Equal(isOver, picture.Lines(80).Contains($"figures of the last attempt of run {SampleRun.Id}"));
    }

    [Fact]
    public void Rows_SlicesThroughTwoInstances_ShowTheSumAboveThem()
    {
        var picture = new TopCommand.Picture(TimeProvider.System)
        {
            Topology = new() { Revision = 1, Epoch = "e", Connected = true, Instances = [Instance("parse-0"), Instance("parse-1")] },
        };

        picture.Take(NewRun(Noon, 1_000));
        Assert.Equal(["parse-0", "parse-1"], picture.Rows().Select(row => row[1]));
        picture.Take(NewRun(Noon.AddSeconds(2), 5_000));

        var rows = picture.Rows().ToList();
        Assert.Equal(["2 instances", "parse-0", "parse-1"], rows.Select(row => row[1]));
        Assert.Equal(["2.00 k", "", ""], rows.Select(row => row[3]));
        Assert.All(rows, row => Assert.Equal(TopCommand.Picture.Columns.Length, row.Length));
    }

    private static Run NewRun(DateTimeOffset updated, long items) => SampleRun.New(state: RunState.Running, at: Noon) with
    {
        Attempts = 1,
        Updated = updated,
        Slices = [new SliceState { Part = "a" }, new SliceState { Part = "b" }],
        Stages = StageFigures.SumByRole(
            [[new StageFigures { InstanceId = "parse-0", Role = "parse", ItemsIn = items }], [new StageFigures { InstanceId = "parse-1", Role = "parse" }]]),
    };

    private static TopologyInstance Instance(string id) => SampleInstance.New(id, "parse");

    private sealed class Screen : StringWriter
    {
        private readonly Channel<string> _written = Channel.CreateUnbounded<string>();

        public override void Write(string? value) => _written.Writer.TryWrite(value ?? "");

        public async Task ShowsAsync(string text)
        {
            using var limit = new CancellationTokenSource(Waiting.Limit);
            while (!(await _written.Reader.ReadAsync(limit.Token)).Contains(text, StringComparison.Ordinal))
            {
                // What was shown before.
            }
        }
    }
}
