using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Tests.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Route;

public sealed class AlteredCheckpointTests
{
    [Theory]
    [InlineData(true, "middle-test", "middle (middle-test) handed on checkpoint 1 with a position that does not fit its checksum")]
    [InlineData(false, "", "The hop above handed on checkpoint 1")]
    public async Task Checkpoint_RoundedByAHop_IsRefusedByTheNextOneWhichNamesIt(bool withPath, string named, string said)
    {
        var lines = new List<string>();
        await using var chain = await Chain.StartAsync(
            _ => new FakeTransform(), _ => new FakeTransform(Round), context => new FakeSink(context, lines));
        var open = new OpenRun
        {
            RunId = "run",
            Attempt = 1,
            Options = new RunOptions(),
            Route = { chain.Servers[1..].Select(server => server.Hop) },
        };
        open.Path.AddRange(withPath ? chain.Servers.Select(server => server.Hop) : []);
        using var call = chain.Open(new StageInput { OpenRun = open });
        await call.Opened;
        await call.Call.RequestStream.WriteAsync(new StageInput { Checkpoint = new Checkpoint { Id = 1, Position = Opaque.Of(Rounding.Large) } });

        var failure = (await call.FailureAsync()).ToFailure(new Hop());

        Assert.Equal((FailureReasons.ProtocolViolation, false), (failure.Reason, failure.Retryable));
        Assert.Equal(named.Length > 0 ? named : "sink-test", failure.InstanceId);
        Assert.StartsWith(said, failure.Message, StringComparison.Ordinal);
    }

    // A hop that only hands the bytes on is no trouble, however it rounds what it decodes elsewhere.
    [Fact]
    public async Task Checkpoint_HandedOnAsBytes_IsCommitted()
    {
        var lines = new List<string>();
        await using var chain = await Chain.StartAsync(_ => new FakeTransform(), _ => new FakeTransform(), context => new FakeSink(context, lines));
        using var call = chain.Open();
        await call.Opened;
        await call.Call.RequestStream.WriteAsync(new StageInput { Checkpoint = new Checkpoint { Id = 1, Position = Opaque.Of(Rounding.Large) } });
        await call.Call.RequestStream.WriteAsync(new StageInput { EndOfInput = new EndOfInput() });

        Assert.Contains(await call.ReadAllAsync(), answer => answer.CheckpointCommitted is { Id: 1 });
    }

    private static Task Round(Frame frame)
    {
        if (frame is MessageFrame { Message.Checkpoint: { } checkpoint })
        {
            checkpoint.Position = Rounding.Of(checkpoint.Position);
        }

        return Task.CompletedTask;
    }
}
