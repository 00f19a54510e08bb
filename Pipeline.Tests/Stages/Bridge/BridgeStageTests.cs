using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Bridge;
using Pipeline.Stages.Bridge.Programs;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Tests.Stages.Bridge;

public sealed class BridgeStageTests(TransformServer server) : IClassFixture<TransformServer>
{
    private readonly FrameList _output = [];

    [Theory]
    [InlineData("echo", "type", "value", "ts")]
    [InlineData("reads the line", "type", "value", "ts", "line", "offset")]
    public async Task OpenAsync_ProgramReadsAndSets_AsksForWhatItNeeds(string behaviour, params string[] columns)
    {
        await using var stage = server.Stage();

        var opened = await OpenAsync(stage, behaviour);

        Assert.Equal(columns, opened.Columns);
    }

    [Fact]
    public async Task ProcessAsync_ProgramThatReadsTheLine_GetsNoOffset()
    {
        await using var stage = await OpenedAsync("reads the line");

        await ProcessAsync(stage, Frames.Of(("a", "u", 1)).With(Frames.Text("rule", ["r"])));

        Assert.Equal(["type", "user", "ts", "value", "line", "rule"], _output.Events.Single().Columns.Select(column => column.Name));
    }

    [Theory]
    [InlineData("echo", false)]
    [InlineData("echo", true)]
    [InlineData("events only", true)]
    public async Task ProcessAsync_BatchesAndOthers_ComeOutInTheirOrder(string behaviour, bool more)
    {
        await using var stage = await OpenedAsync(behaviour);
        for (var line = 1; line <= 20; line++)
        {
            var events = Events(line);
            events.More = more;
            await ProcessAsync(stage, events);
            var items = new WorkItemBatch { Items = { new WorkItem { Line = 1000 + line } }, More = more };
            await ProcessAsync(stage, Frames.Message(message => message.WorkItems = items));
            await ProcessAsync(stage, new EventFrame { Rejects = { new Reject { Line = line } }, More = more });
        }

        await ProcessAsync(stage, Frames.Message(message => message.Checkpoint = new Checkpoint { Id = 7 }));

        Assert.Equal(61, _output.Count);
        Assert.Equal(
            Enumerable.Range(1, 20).SelectMany(line => new[] { $"events {line}", $"items {1000 + line}", $"reject {line}" }).Append("checkpoint 7"),
            _output.Select(Describe));
    }

    [Fact]
    public async Task ProcessAsync_ProgramDropsEvents_CountsThemAsFilteredAndKeepsTheRest()
    {
        await using var stage = await OpenedAsync("drops");
        var events = Frames.Of(("a", "u", 1), ("b", "u", 2));
        (events.Filtered, events.ReadMicros, events.File) = (5, 9, "in.ndjson");
        events.Rejects.Add(new Reject { Line = 3 });

        await ProcessAsync(stage, events);

        var left = Assert.Single(_output.Events);
        Assert.Equal((0, 7L, 9L, "in.ndjson", 3L), (left.Count, left.Filtered, left.ReadMicros, left.File, left.Rejects.Single().Line));
    }

    [Fact]
    public async Task OpenAsync_ProgramReadsTheLinesOfASlice_IsRefused()
    {
        await using var stage = server.Stage();
        var open = new OpenRun { RunId = "reads the line", Attempt = 1, Options = new RunOptions { Slice = new InputSlice() } };

        var failure = await FailureAsync(
            () => stage.OpenAsync(open, new RunOpened { Columns = { "type", "value" } }, CancellationToken.None).AsTask().WaitAsync(Waiting.Limit));

        Assert.Equal((FailureReasons.InvalidOptions, false), (failure.Reason, failure.Retryable));
        Assert.Contains("--partitions 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProcessAsync_ProgramRejectsEvents_NamesTheirFileAndOffset()
    {
        await using var stage = await OpenedAsync("rejects");
        var events = Frames.Of(("a", "u", 1), ("b", "u", 2));
        events.File = "in.ndjson";
        events.Rejects.Add(new Reject { Line = 1, File = "in.ndjson" });

        await ProcessAsync(stage, events);

        Assert.Equal(
            [(1L, 0L, "in.ndjson"), (2L, 100L, "in.ndjson")],
            _output.Events.Single().Rejects.Select(reject => (reject.Line, reject.Offset, reject.File)));
    }

    [Theory]
    [InlineData("ends", "ended the call before the input did")]
    [InlineData("throws", "failed: Unknown")]
    [InlineData("answers twice", "answered request 2 where")]
    [InlineData("another number", "answered request 3 where request 2 was due")]
    [InlineData("more events", "answered 1 events with 2 events")]
    [InlineData("a column less", "answered without the column 'type'")]
    [InlineData("another kind", "answered a batch with one of another kind")]
    [InlineData("no batch", "answered a batch without one")]
    [InlineData("nonsense", "answered what does not follow pipeline/v1/transform.proto: column type")]
    [InlineData("no UTF-8", "answered what does not follow pipeline/v1/transform.proto: column type has a text that is not UTF-8")]
    public async Task ProcessAsync_ProgramFails_EndsTheAttemptAndNamesIt(string behaviour, string how)
    {
        await using var stage = await OpenedAsync(behaviour);

        var failure = await FailureAsync(async () =>
        {
            // A second answer to the same batch is detected with the next batch at the latest.
            await ProcessAsync(stage, Events(1));
            await ProcessAsync(stage, Events(2));
        });

        Assert.Equal((FailureReasons.ProgramFailed, true), (failure.Reason, failure.Retryable));
        Assert.StartsWith($"the program of rules at {server.Address} {how}", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rejects without a line")]
    [InlineData("rejects one line twice")]
    [InlineData("rejects backwards")]
    public async Task ProcessAsync_RejectsNotInOrderOfLine_EndsTheAttempt(string behaviour)
    {
        await using var stage = await OpenedAsync(behaviour);

        var failure = await FailureAsync(() => ProcessAsync(stage, Frames.Of(("a", "u", 1), ("b", "u", 2), ("c", "u", 3))));

        Assert.Equal((FailureReasons.ProgramFailed, true), (failure.Reason, failure.Retryable));
        Assert.Contains("rejected events with lines that are not those of the batch", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("line", 2, 3)]
    [InlineData("line", 0, 1)]
    [InlineData("line", 1, 3)]
    [InlineData("another", 1, 2)]
    public async Task ProcessAsync_RejectsOfOtherLinesThanTheBatchHas_EndsTheAttempt(string column, long first, long second)
    {
        await using var stage = await OpenedAsync("rejects all");
        var events = Frames.Events(2).With(Frames.Number(column, [first, second])).With(Frames.Number("offset", [0, 100]));

        var failure = await FailureAsync(() => ProcessAsync(stage, events));

        Assert.Equal((FailureReasons.ProgramFailed, true), (failure.Reason, failure.Retryable));
        Assert.Contains("rejected events with lines that are not those of the batch", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProcessAsync_ManyEventsOfALongPathRejected_KeepsFramesWithinTheMessageLimit()
    {
        await using var stage = await OpenedAsync("rejects all");
        var events = Frames.Of([.. Enumerable.Repeat(("a", "u", 1m), 80_000)]);
        (events.File, events.Filtered) = (new string('d', 250), 5);

        await ProcessAsync(stage, events);

        Assert.All(_output, part => Assert.InRange(FrameEncoder.Measure(part).Length, 1, 2 << 20));
        var rejects = _output.Events.SelectMany(part => part.Rejects).ToList();
        Assert.Equal(Enumerable.Range(1, 80_000).Select(line => (long)line), rejects.Select(reject => reject.Line));
        Assert.All(rejects, reject => Assert.Equal(events.File, reject.File));
        Assert.Equal(5, _output.Events.Sum(part => part.Filtered));
    }

    [Fact]
    public async Task ProcessAsync_AsManyRequestsAsMayWait_WaitsForAnAnswerBeforeTheNext()
    {
        await using var stage = await OpenedAsync("holds");
        for (var line = 1; line <= 3; line++)
        {
            var events = Events(line);
            events.More = true;
            await ProcessAsync(stage, events);
        }

        var fourth = Events(4);
        var processing = ProcessAsync(stage, fourth);

        // What is sent has no columns any more.
        Assert.Empty(_output);
        Assert.NotEmpty(fourth.Columns);
        server.Release();
        await processing;
        Assert.Equal(["events 1", "events 2", "events 3", "events 4"], _output.Select(Describe));
    }

    [Fact]
    public async Task ProcessAsync_WorkItemsInAnotherOrder_EndsTheAttempt()
    {
        await using var stage = await OpenedAsync("items reversed");
        var items = Frames.Message(message => message.WorkItems = new WorkItemBatch { Items = { new WorkItem { Line = 1 }, new WorkItem { Line = 2 } } });

        var failure = await FailureAsync(() => ProcessAsync(stage, items));

        Assert.Contains("answered 2 work items with others, or in another order", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProcessAsync_ProgramHangs_EndsTheAttemptInTime()
    {
        await using var stage = await OpenedAsync("hangs");
        var waiting = FailureAsync(() => ProcessAsync(stage, Events(1)));
        while (!waiting.IsCompleted)
        {
            server.Time.Advance(TimeSpan.FromSeconds(20));
            await Task.Yield();
        }

        Assert.Contains("did not take a batch or answer within 20 s", (await waiting).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_ProgramRefusesTheRun_FailsItForGood()
    {
        await using var stage = server.Stage();

        var failure = await FailureAsync(() => OpenAsync(stage, "refuses"));

        Assert.Equal((FailureReasons.InvalidOptions, false), (failure.Reason, failure.Retryable));
        Assert.EndsWith("cannot do this run: no such rules", failure.Message, StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData(3, true)]
    [InlineData(78, false)]
    public async Task OpenAsync_ProgramEnds_TellsItsExitCodeAndLastWords(int code, bool retryable)
    {
        var settings = new BridgeOptions { Role = "rules", Command = "sh", Arguments = ["-c", $"echo no such module >&2; exit {code}"] };
        await using var stage = server.Stage(settings, out var program);
        using (program)
        {
            var failure = await FailureAsync(() => OpenAsync(stage, "echo"));

            Assert.Equal((FailureReasons.ProgramFailed, retryable), (failure.Reason, failure.Retryable));
            Assert.EndsWith($"ended with exit code {code}; the last line on its standard error: no such module", failure.Message, StringComparison.Ordinal);
        }
    }

    [LinuxFact]
    public async Task OpenAsync_ProgramNeverListens_IsKilled()
    {
        var settings = new BridgeOptions { Role = "rules", Command = "sh", Arguments = ["-c", "sleep 1000"], StartTimeout = TimeSpan.Zero };
        await using var stage = server.Stage(settings, out var program);
        using (program)
        {
            var failure = await FailureAsync(() => OpenAsync(stage, "echo"));

            Assert.Contains("did not listen at 127.0.0.1:", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task OpenAsync_BridgeStops_StartsNoProgram()
    {
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        await using var stage = server.Stage(new BridgeOptions { Role = "rules", Command = "there-is-no-such-program" }, out var program, lifetime);
        using (program)
        {
            lifetime.StopApplication();

            var failure = await FailureAsync(() => OpenAsync(stage, "echo"));

            Assert.EndsWith("is not started any more: its bridge stops", failure.Message, StringComparison.Ordinal);
        }
    }

    [LinuxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FailedAsync_InternalByTheProgramOrByABrokenConnection_KillsItInTheSecondCaseOnly(bool broken)
    {
        var settings = new BridgeOptions { Role = "rules", Command = "sleep", Arguments = ["1000"] };
        await using var stage = server.Stage(settings, out var program);
        using (program)
        using (var process = ProgramProcess.Start(settings, NullLogger.Instance))
        {
            var status = new Status(StatusCode.Internal, "a defect", broken ? new IOException("reset") : null);

            var failure = await program.FailedAsync(new RpcException(status), process);

            Assert.Equal(FailureReasons.ProgramFailed, failure.Failure.Reason);
            Assert.Equal(broken, await process.HasExitedAsync(TimeSpan.Zero, TimeProvider.System));
            await process.KillAsync();
        }
    }

    [LinuxFact]
    public async Task KillAsync_OutputHeldByAnOrphanOfTheProgram_DoesNotWaitForIt()
    {
        using var folder = new TestFolder();
        var written = Path.Combine(folder.Path, "orphan");
        var script = $"(sleep 1000 & echo $! > '{written}.new'); mv '{written}.new' '{written}'; exec sleep 1000";
        using var process = ProgramProcess.Start(new BridgeOptions { Role = "rules", Command = "sh", Arguments = ["-c", script] }, NullLogger.Instance);
        await Waiting.UntilAsync(() => File.Exists(written), "the script");
        using var orphan = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(written), CultureInfo.InvariantCulture));
        try
        {
            await process.KillAsync().WaitAsync(Waiting.Limit);

            Assert.True(process.HasExited);
            Assert.False(orphan.HasExited);
        }
        finally
        {
            orphan.Kill();
        }
    }

    private static EventFrame Events(int line) => Frames.Events(1)
        .With(Frames.Text("type", ["a"])).With(Frames.Number("value", [line])).With(Frames.Number("ts", [0])).With(Frames.Text("rule", ["r"]));

    private static string Describe(Frame frame) => frame switch
    {
        EventFrame { Count: > 0 } events => $"events {events.Values("value").Single()}",
        EventFrame events => $"reject {events.Rejects.Single().Line}",
        MessageFrame { Message.WorkItems: { } items } => $"items {items.Items.Single().Line}",
        _ => $"checkpoint {((MessageFrame)frame).Message.Checkpoint.Id}",
    };

    private async Task<BridgeStage> OpenedAsync(string behaviour)
    {
        var stage = server.Stage();
        await OpenAsync(stage, behaviour);
        return stage;
    }

    private static Task<RunOpened> OpenAsync(BridgeStage stage, string behaviour)
    {
        var open = new OpenRun { RunId = behaviour, Attempt = 1, Options = new RunOptions() };
        return stage.OpenAsync(open, new RunOpened { Columns = { "type", "value", "rule" } }, CancellationToken.None).AsTask().WaitAsync(Waiting.Limit);
    }

    private Task ProcessAsync(BridgeStage stage, Frame frame) =>
        stage.ProcessAsync(frame, _output, CancellationToken.None).AsTask().WaitAsync(Waiting.Limit);

    private static async Task<Failure> FailureAsync(Func<Task> action) => (await Assert.ThrowsAsync<StageException>(action)).Failure;
}
