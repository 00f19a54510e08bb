using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Bridge.BuiltIn;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Tests.Stages.Bridge;

public sealed class BuiltInBridgeTests
{
    [Fact]
    public async Task Policy_TypesAndUsersAllowed_RejectsTheRestWithLineAndOffset()
    {
        var context = Frames.Context();
        var stage = new PolicyBridge(context, new PolicyOptions { Types = ["view", "buy"], Users = ["u1", "u2"] });
        var opened = await stage.OpenAsync(Open(1), new RunOpened { Columns = { "type", "value" } }, CancellationToken.None);
        Assert.Equal(["type", "value", "user", "line", "offset"], opened.Columns);
        var output = new FrameList();
        var events = Frames.Of(("view", "u1", 1), ("spam", "u1", 2), ("buy", "u3", 3), ("buy", "u2", 4));
        events.Rejects.Add(new Reject { Line = 9, Reason = "invalid_json" });

        await stage.ProcessAsync(events, output, CancellationToken.None);

        var left = Assert.Single(output.Events);
        Assert.Equal(["view", "buy"], left.Values("type"));
        Assert.Equal([1m, 4m], left.Values("value"));
        Assert.Equal(["type", "value"], left.Columns.Select(column => column.Name));
        Assert.Equal(
            [(2, 100, "not_allowed"), (3, 200, "not_allowed"), (9, 0, "invalid_json")],
            left.Rejects.Select(reject => ((int)reject.Line, (int)reject.Offset, reject.Reason)));
        Assert.Equal(2, context.Meter.Rejected);
    }

    [Fact]
    public async Task Policy_ManyEventsOfALongPathRejected_KeepsFramesWithinTheMessageLimit()
    {
        var stage = new PolicyBridge(Frames.Context(), new PolicyOptions { Types = ["view"] });
        await stage.OpenAsync(Open(1), new RunOpened { Columns = { "type", "value" } }, CancellationToken.None);
        var output = new FrameList();
        var events = Frames.Of([.. Enumerable.Range(0, 80_000).Select(row => (row % 50 == 7 ? "view" : "spam", "u", 1m))]);
        events.File = new string('d', 250);

        await stage.ProcessAsync(events, output, CancellationToken.None);

        Assert.All(output, part => Assert.InRange(FrameEncoder.Measure(part).Length, 1, 2 << 20));
        Assert.Equal(
            Enumerable.Range(0, 80_000).Where(row => row % 50 != 7).Select(row => row + 1L),
            output.Events.SelectMany(part => part.Rejects).Select(reject => reject.Line));
        Assert.Equal(1600, output.Events.Sum(part => part.Count));
    }

    [Fact]
    public async Task Policy_ColumnsMasked_HasNoneOfTheirValuesAndAllEvents()
    {
        var stage = new PolicyBridge(Frames.Context(), new PolicyOptions { Masked = ["user"] });
        await stage.OpenAsync(Open(1), new RunOpened { Columns = { "type", "user", "value", "ts", "line", "offset" } }, CancellationToken.None);
        var output = new FrameList();

        await stage.ProcessAsync(Frames.Of(("view", "u1", 1), ("buy", "u3", 3)), output, CancellationToken.None);

        var left = Assert.Single(output.Events);
        Assert.Equal(["***", "***"], left.Values("user"));
        Assert.Equal(["view", "buy"], left.Values("type"));
    }

    [Fact]
    public async Task Policy_MaskOfANumber_FailsTheRun()
    {
        var stage = new PolicyBridge(Frames.Context(), new PolicyOptions { Masked = ["value"] });
        await stage.OpenAsync(Open(1), new RunOpened { Columns = { "type", "value" } }, CancellationToken.None);

        var failure = await Assert.ThrowsAsync<StageException>(
            () => stage.ProcessAsync(Frames.Of(("view", "u1", 1)), new FrameList(), CancellationToken.None).AsTask());

        Assert.Equal((FailureReasons.InvalidOptions, false), (failure.Failure.Reason, failure.Failure.Retryable));
    }

    [Fact]
    public async Task Policy_MaskOfAColumnThatNoStageBelowReads_IsRefusedUnlessItIsAnEventsOwn()
    {
        var below = new RunOpened { Columns = { "type", "region" } };
        await new PolicyBridge(Frames.Context(), new PolicyOptions { Masked = ["user", "region"] }).OpenAsync(Open(1), below.Clone(), CancellationToken.None);

        var failure = await Assert.ThrowsAsync<StageException>(() => new PolicyBridge(Frames.Context(), new PolicyOptions { Masked = ["users"] })
            .OpenAsync(Open(1), below, CancellationToken.None).AsTask());

        Assert.Equal((FailureReasons.InvalidOptions, false), (failure.Failure.Reason, failure.Failure.Retryable));
        Assert.Contains("names the column 'users', which no stage below reads in this run: they read type, region", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_Checkpoint_TellsWhatHasPassed()
    {
        var logger = new FakeLogger();
        var stage = new LogBridge(Frames.Context(logger: logger));
        await stage.OpenAsync(Open(2), new RunOpened { Resume = new Checkpoint { Id = 6 } }, CancellationToken.None);
        var output = new FrameList();

        await stage.ProcessAsync(Frames.Of(("view", "u1", 1), ("buy", "u3", 3)), output, CancellationToken.None);
        await stage.ProcessAsync(Checkpoint(7, lines: 40), output, CancellationToken.None);

        Assert.Equal(2, output.Count);
        Assert.Equal(
            [
                "Run run-1, attempt 2: goes on from checkpoint 6",
                "Run run-1, checkpoint 7 behind 40 lines: 2 events, 0 work items, 0 filtered, 0 rejected in this attempt",
            ],
            logger.Collector.GetSnapshot().Where(record => record.Level == LogLevel.Information).Select(record => record.Message));
    }

    private static OpenRun Open(long attempt) => new() { RunId = "run-1", Attempt = attempt, Options = new RunOptions() };

    private static MessageFrame Checkpoint(long id, long lines) => Frames.Message(
        message => message.Checkpoint = new Checkpoint { Id = id, Position = Opaque.Of(new Position { TotalLines = lines }) });
}
