using Google.Protobuf;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Route;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Tests.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Route;

/// <summary>A hop in the middle of a chain breaks the contract: the next hop names it.</summary>
public sealed class ViolationTests
{
    private static readonly Dictionary<string, Func<Frame, Frame?>> Faults = new()
    {
        ["drops the checkpoint"] = frame => frame is MessageFrame { Message.Checkpoint: not null } ? null : frame,
        ["drops EndOfInput"] = frame => frame is MessageFrame { Message.EndOfInput: not null } ? null : frame,
        ["drops a batch"] = frame => frame is LineFrame { FirstLine: 2 } ? null : frame,
        ["sends a column that is too short"] = frame => frame is LineFrame { FirstLine: 2 } ? ShortColumn() : frame,
        ["rounds the position"] = frame =>
        {
            if (frame is MessageFrame { Message.Checkpoint: { } checkpoint })
                checkpoint.Position = Rounding.Of(checkpoint.Position);
            return frame;
        },
    };

    [Theory]
    [InlineData("drops the checkpoint", "sent EndOfInput without a checkpoint right before it")]
    [InlineData("drops EndOfInput", "sent no EndOfInput or Control before the end of its stream")]
    [InlineData("drops a batch", "sent checkpoint 1 behind 3 lines that are not blank, of which 2 have come")]
    [InlineData("sends a column that is too short", "sent column value has 1 bytes for 3 events")]
    [InlineData("rounds the position", "sent checkpoint 1 with a position that does not fit its checksum")]
    public async Task Chain_AHopThatBreaksTheContract_IsNamedByTheNextOne(string fault, string told)
    {
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(3, files: [Rounding.File]), _ => new Faulty(Faults[fault]), context => new FakeSink(context, []));
        using var call = chain.OpenWithPath();

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.ProtocolViolation, "middle-test", "middle", false), (failure.Reason, failure.InstanceId, failure.Role, failure.Retryable));
        Assert.StartsWith($"middle (middle-test) {told}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chain_PositionRoundedOnItsWayUp_IsFoundByTheNextHop()
    {
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(3, files: [Rounding.File]), _ => new FakeTransform(), context => new FakeSink(context, [], Rounding.Of));
        using var call = chain.OpenWithPath();

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.ProtocolViolation, "sink-test", "sink", false), (failure.Reason, failure.InstanceId, failure.Role, failure.Retryable));
        Assert.StartsWith(
            "sink (sink-test) sent CheckpointCommitted 1 with a position that does not fit its checksum", failure.Message, StringComparison.Ordinal);
    }

    // A hop that passes the checkpoint on as bytes keeps its checksum valid.
    [Fact]
    public async Task Chain_CheckpointHandedOnAsBytes_IsCommitted()
    {
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(3, files: [Rounding.File]), _ => new FakeTransform(), context => new FakeSink(context, []));
        using var call = chain.OpenWithPath();

        Assert.Contains(await call.ReadAllAsync(), answer => answer.CheckpointCommitted is { Id: 1 });
    }

    [Fact]
    public async Task OpenRun_WithARouteThatWasNotShortened_NamesTheCaller()
    {
        await using var chain = await Chain.StartAsync(_ => new FakeSource(1), _ => new FakeTransform(), context => new FakeSink(context, []));
        var hops = chain.Servers.Select(server => server.Hop).ToList();
        using var call = new ChainCall(chain.Servers[1].Channels.Create(chain.Servers[1].Address), new StageInput
        {
            OpenRun = new OpenRun { RunId = "run", Attempt = 1, Options = new RunOptions(), Route = { hops[1..] }, Path = { hops } },
        });

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.ProtocolViolation, "source-test"), (failure.Reason, failure.InstanceId));
        Assert.StartsWith(
            "source (source-test) sent OpenRun with a route of 2 hops to middle-test, which has 1 below it", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenRun_WhosePathDoesNotNameTheStage_IsRefused()
    {
        await using var chain = await Chain.StartAsync(_ => new FakeSource(1), _ => new FakeTransform(), context => new FakeSink(context, []));
        var hops = chain.Servers.Select(server => server.Hop).ToList();
        using var call = chain.Open(new StageInput
        {
            OpenRun = new OpenRun { RunId = "run", Attempt = 1, Options = new RunOptions(), Route = { hops[1..] }, Path = { hops[1..] } },
        });

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.StartsWith("The caller sent OpenRun whose path does not name source-test", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenRun_ThatAHopNeverAnswers_NamesThatHop()
    {
        await using var chain = new Chain(
        [
            await StageServer.StartAsync("source", _ => new FakeSource(1), settings: new() { ["Stage:HandshakeTimeout"] = "00:00:01" }),
            await StageServer.StartAsync("sink", _ => new NeverOpens()),
        ]);
        using var call = chain.OpenWithPath();

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.Unreachable, "sink-test", true), (failure.Reason, failure.InstanceId, failure.Retryable));
        Assert.Contains("no answer to OpenRun within 1 s", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HandshakeTimeout_DownTheRoute_Shrinks()
    {
        var path = new[] { "ingest", "parse", "rules", "aggregate", "sink" }.Select(role => new Hop { Role = role }).ToList();
        Assert.Equal([30, 28.5, 27, 25.5], Enumerable.Range(0, 4).Select(index => Downstream.HandshakeTimeoutAt(
            new OpenRun { Path = { path }, Route = { path[(index + 1)..] } }, TimeSpan.FromSeconds(30)).TotalSeconds));
    }

    private static MessageFrame ShortColumn() => new(new StageInput
    {
        Events = new EventBatch { Count = 3, Columns = { new Column { Name = "value", Kind = ColumnKind.Number, Width = 1, Data = ByteString.CopyFrom(1) } } },
    });

    private sealed class Faulty(Func<Frame, Frame?> fault) : ITransform
    {
        public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) => ValueTask.FromResult(below!);

        public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) =>
            fault(frame) is { } faulty ? output.WriteAsync(faulty, cancellationToken) : ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class NeverOpens : ITransform
    {
        public async ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
        {
            await Task.Delay(System.Threading.Timeout.Infinite, cancellationToken);
            return new RunOpened();
        }

        public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
