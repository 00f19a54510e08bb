using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Tests.ServiceDefaults;
using Pipeline.Tests.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Hostile;

/// <summary>A hop below that breaks the protocol: the attempt fails, and the stage above serves the next attempt.</summary>
public sealed class NonsenseBelowTests : IAsyncLifetime
{
    private ServiceFixture _nonsense = null!;

    public async Task InitializeAsync() => _nonsense = await ServiceFixture.StartAsync(map: app => app.MapGrpcService<Nonsense>());

    public async Task DisposeAsync() => await _nonsense.DisposeAsync();

    [Theory]
    [InlineData("nothing", FailureReasons.ProtocolViolation, "sent nothing where RunOpened was to come")]
    [InlineData("no-answer-to-open", FailureReasons.ProtocolViolation, "sent Progress where RunOpened was to come")]
    [InlineData("open-in-a-message-too-large", FailureReasons.ProtocolViolation, "exceeds the maximum configured message size")]
    [InlineData("open-with-a-state-that-is-none", FailureReasons.ProtocolViolation, "sent a part of a checkpoint that cannot be decoded")]
    [InlineData("open-twice", FailureReasons.Unreachable, "ended without RunCompleted")]
    [InlineData("empty", FailureReasons.Unreachable, "ended without RunCompleted")]
    [InlineData("released-what-was-never-filled", FailureReasons.Unreachable, "ended without RunCompleted")]
    [InlineData("committed-what-was-never-sent", FailureReasons.Unreachable, "ended without RunCompleted")]
    [InlineData("completed-before-the-end", FailureReasons.ProtocolViolation, "sent RunCompleted before")]
    [InlineData("trailer", FailureReasons.Unreachable, "failed: Unavailable")]
    [InlineData("exception", FailureReasons.Unreachable, "failed: Unknown")]
    public async Task Process_HopBelowBreaksTheProtocol_FailsAndTheNextAttemptSucceeds(string behaviour, string reason, string message)
    {
        var lines = new List<string>();
        await using var source = await StageServer.StartAsync("source", _ => new FakeSource(100, padding: 70_000));
        await using var sink = await StageServer.StartAsync("sink", context => new FakeSink(context, lines));
        await using var chain = new Chain([source, sink]);

        using (var call = chain.Open(Open(behaviour)))
        {
            var failure = (await call.FailureAsync().WaitAsync(Waiting.Limit)).ToFailure(new Hop());
            Assert.Equal((reason, "nonsense-0"), (failure.Reason, failure.InstanceId));
            Assert.Contains(message, failure.Message, StringComparison.Ordinal);
        }

        using var next = chain.Open();
        Assert.Equal(100, (await next.ReadAllAsync())[^1].RunCompleted.Counts.Lines);
    }

    private StageInput Open(string run) => new()
    {
        OpenRun = new OpenRun
        {
            RunId = run,
            Attempt = 1,
            Options = new RunOptions(),
            Route = { new Hop { InstanceId = "nonsense-0", Role = "nonsense", Address = $"{_nonsense.GrpcAddress}" } },
        },
    };

    /// <summary>Sends the answers that the run id selects, and then ends the call or waits until it is cancelled.</summary>
    internal sealed class Nonsense : Stage.StageBase
    {
        private static Opaque NoMessage() => new() { Content = ByteString.CopyFrom(0xFF), Crc32 = System.IO.Hashing.Crc32.HashToUInt32([0xFF]) };

        public override async Task Process(
            IAsyncStreamReader<StageInput> requestStream, IServerStreamWriter<StageOutput> responseStream, ServerCallContext context)
        {
            Assert.True(await requestStream.MoveNext());
            var opened = new StageOutput { RunOpened = new RunOpened() };
            var run = requestStream.Current.OpenRun.RunId;
            StageOutput[] answers = run switch
            {
                "nothing" => [],
                "no-answer-to-open" => [new StageOutput { Progress = new Progress() }],
                "open-in-a-message-too-large" => [new StageOutput { RunOpened = new RunOpened { Columns = { new string('c', 20 << 20) } } }],
                "open-with-a-state-that-is-none" => [new StageOutput { RunOpened = new RunOpened { Resume = new Checkpoint { Id = 1, State = NoMessage() } } }],
                "open-twice" => [opened, opened],
                "empty" => [opened, new StageOutput()],
                "released-what-was-never-filled" => [opened, new StageOutput { RingReleased = new RingReleased { Slots = long.MaxValue } },
                    new StageOutput { RingReleased = new RingReleased { Slots = long.MinValue } }],
                "committed-what-was-never-sent" => [opened, new StageOutput { CheckpointCommitted = new CheckpointCommitted { Id = 77 } }],
                "completed-before-the-end" => [new StageOutput { RunOpened = new RunOpened { RingAccepted = true } },
                    new StageOutput { RunCompleted = new RunCompleted() }],
                "trailer" => throw new RpcException(new Status(StatusCode.Unavailable, ""), new Metadata { { StageContract.FailureTrailer, [0xFF, 0xFF] } }),
                _ => throw new InvalidOperationException("a defect"),
            };
            foreach (var answer in answers)
                await responseStream.WriteAsync(answer);
            // The call stays open, but reads no message and releases no slot.
            if (run == "completed-before-the-end")
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
        }
    }
}
