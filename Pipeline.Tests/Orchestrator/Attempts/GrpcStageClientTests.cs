using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Routes;
using Pipeline.Tests.ServiceDefaults;

namespace Pipeline.Tests.Orchestrator.Attempts;

/// <summary>The client and the probe against a stage on a real connection.</summary>
public sealed class GrpcStageClientTests : IAsyncLifetime
{
    private ServiceFixture _stage = null!;

    public async Task InitializeAsync() => _stage = await ServiceFixture.StartAsync(map: app => app.MapGrpcService<PlayedStage>());

    public async Task DisposeAsync() => await _stage.DisposeAsync();

    [Fact]
    public async Task ReadAsync_DrainRequested_EndsWithADrainedCompletion()
    {
        await using var call = Open("drain");
        var answers = call.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await answers.MoveNextAsync());
        Assert.Equal(["drain"], answers.Current.RunOpened.Columns);
        await call.EndAsync(new StageInput { Control = new Control { Action = ControlAction.Drain } }, CancellationToken.None);
        Assert.True(await answers.MoveNextAsync());
        Assert.True(answers.Current.RunCompleted.Drained);
        Assert.False(await answers.MoveNextAsync());
    }

    [Fact]
    public async Task Open_WithinASpan_SendsItsTraceContext()
    {
        using var span = new Activity("attempt").SetIdFormat(ActivityIdFormat.W3C).Start();
        await using var call = Open("trace");
        var answers = call.ReadAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await answers.MoveNextAsync());
        Assert.Equal([span.Id], answers.Current.RunOpened.Columns);
    }

    [Fact]
    public async Task ReadAsync_FailureInTheTrailer_ThrowsThatFailure()
    {
        var failure = await FailureOf(Open("fail"));
        Assert.Equal(("disk_full", "sink-0", false), (failure.Reason, failure.InstanceId, failure.Retryable));
    }

    [Theory]
    [InlineData("aborted", "fenced", true)]
    [InlineData("unauthenticated", "unauthenticated", false)]
    [InlineData("invalid", "invalid_options", false)]
    [InlineData("unknown", "unreachable", true)]
    [InlineData("nonsense", "unreachable", true)]
    public async Task ReadAsync_NoReadableTrailer_FailureFollowsFromTheStatus(string behaviour, string reason, bool retryable)
    {
        var failure = await FailureOf(Open(behaviour));
        Assert.Equal((reason, "ingest-0", "ingest", retryable), (failure.Reason, failure.InstanceId, failure.Role, failure.Retryable));
    }

    [Theory]
    [InlineData("hostile")]
    [InlineData("hostile trailer")]
    public async Task ReadAsync_PeersTextHasControlCharacters_TheyAreReplacedAndItsLengthIsBounded(string behaviour)
    {
        var failure = await FailureOf(Open(behaviour));
        Assert.DoesNotContain(failure.Message, character => char.IsControl(character) && character != '\n');
        Assert.DoesNotContain(failure.Reason + failure.InstanceId + failure.Role, char.IsControl);
        Assert.Contains("\uFFFD[2Jdone", failure.Message, StringComparison.Ordinal);
        Assert.InRange(failure.Message.Length, 1_000, 17_000);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("http://example.com:80")]
    [InlineData("http://127.1:5000")]
    public void Open_AddressIsNotOne_FailsForGood(string address)
    {
        var failure = Assert.Throws<StageException>(() => Open("drain", address)).Failure;
        Assert.Equal((FailureReasons.ProtocolViolation, false), (failure.Reason, failure.Retryable));
        Assert.Contains($"'{address}'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_NobodyListens_FailsAsUnreachable()
    {
        var failure = await FailureOf(Open("drain", "http://127.0.0.1:1"));
        Assert.Equal(("unreachable", true), (failure.Reason, failure.Retryable));
    }

    [Fact]
    public async Task AnswersAsync_ProcessUpOrAbsent_TellsWhetherItAnswers()
    {
        var probe = new GrpcHealthProbe(_stage.Get<PipelineChannels>());
        Assert.True(await probe.AnswersAsync($"{_stage.GrpcAddress}", CancellationToken.None));
        Assert.False(await probe.AnswersAsync("http://127.0.0.1:1", CancellationToken.None));
        Assert.False(await probe.AnswersAsync("http://example.com:80", CancellationToken.None));
        Assert.False(await probe.AnswersAsync("nonsense", CancellationToken.None));
    }

    private static async Task<Failure> FailureOf(IAttemptCall call)
    {
        await using (call)
        {
            // Read to its end.
            var reading = call.ReadAsync(CancellationToken.None).CountAsync().AsTask();
            return (await Assert.ThrowsAsync<StageException>(() => reading.WaitAsync(Waiting.Limit))).Failure;
        }
    }

    private IAttemptCall Open(string behaviour, string? address = null) => new GrpcStageClient(_stage.Get<PipelineChannels>()).Open(
        new Hop { InstanceId = "ingest-0", Role = "ingest", Address = address ?? $"{_stage.GrpcAddress}" }, new OpenRun { RunId = behaviour, Attempt = 1 });

    /// <summary>A stage that behaves as the run's id says.</summary>
    internal sealed class PlayedStage : Stage.StageBase
    {
        private static readonly string Hostile = "\u001b[2Jdone\r\nrun completed\u009b1A" + new string('x', 20_000);

        public override async Task Process(
            IAsyncStreamReader<StageInput> requestStream, IServerStreamWriter<StageOutput> responseStream, ServerCallContext context)
        {
            Assert.True(await requestStream.MoveNext());
            switch (requestStream.Current.OpenRun.RunId)
            {
                case "trace":
                    var parent = context.RequestHeaders.GetValue("traceparent") ?? "";
                    await responseStream.WriteAsync(new StageOutput { RunOpened = new RunOpened { Columns = { parent } } });
                    return;
                case "fail":
                    var failure = new Failure { Reason = "disk_full", Message = "no space", InstanceId = "sink-0", Role = "sink" };
                    throw new RpcException(new Status(StatusCode.FailedPrecondition, ""), new Metadata { { "pipeline-failure-bin", failure.ToByteArray() } });
                case "hostile":
                    throw new RpcException(new Status(StatusCode.Unavailable, Hostile));
                case "hostile trailer":
                    var hostile = new Failure { Reason = "disk\u001b_full", Message = Hostile, InstanceId = "sink\r\n0", Role = "si\u0007nk" };
                    throw new RpcException(new Status(StatusCode.Internal, ""), new Metadata { { "pipeline-failure-bin", hostile.ToByteArray() } });
                case "nonsense":
                    throw new RpcException(new Status(StatusCode.Unavailable, ""), new Metadata { { "pipeline-failure-bin", [0xFF, 0xFF] } });
                case "aborted":
                    throw new RpcException(new Status(StatusCode.Aborted, ""));
                case "unauthenticated":
                    throw new RpcException(new Status(StatusCode.Unauthenticated, ""));
                case "invalid":
                    throw new RpcException(new Status(StatusCode.InvalidArgument, ""));
                case "unknown":
                    throw new RpcException(new Status(StatusCode.Unknown, ""));
            }

            await responseStream.WriteAsync(new StageOutput { RunOpened = new RunOpened { Columns = { requestStream.Current.OpenRun.RunId } } });
            Assert.True(await requestStream.MoveNext());
            var drained = requestStream.Current.Control.Action == ControlAction.Drain;
            await responseStream.WriteAsync(new StageOutput { RunCompleted = new RunCompleted { Drained = drained } });
        }
    }
}
