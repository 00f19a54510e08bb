using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Telemetry;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Route;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>pipeline.v1.Stage: one call is one attempt.</summary>
internal sealed partial class StageService(StageHost host, ILogger<StageService> logger) : Stage.StageBase
{
    public override async Task Process(IAsyncStreamReader<StageInput> input, IServerStreamWriter<StageOutput> output, ServerCallContext context)
    {
        // The call's messages are read from its body, not from `input`: see StageMethod.
        var body = context.GetHttpContext().Request.BodyReader;
        var metrics = host.CreateMetrics();
        using var worker = host.Workers.Enter();
        using var reader = new FrameReader(body, metrics.Edge);
        var trace = TraceContext.Received(context.RequestHeaders);
        OpenRun? open = null;
        Activity? span = null;
        try
        {
            open = await ReadOpenRunAsync(reader, context.CancellationToken);
            Violations.RequireRoute(open, host.InstanceId);
            metrics.Edge.BytesIn = 0;
            span = TraceContext.StartSpan(host.Role, trace);
            using var counted = host.Instruments.Enter(metrics.Edge);
            LogOpened(open.RunId, open.Attempt, open.Options?.BatchSize ?? 0);
            await new StageAttempt(host, open, trace, reader, metrics).RunAsync(output, context.CancellationToken);
            LogCompleted(open.RunId, open.Attempt, metrics.ItemsIn, metrics.ItemsOut);
        }
        catch (Exception exception)
        {
            var cancelled = context.CancellationToken.IsCancellationRequested;
            var failure = ToFailure(exception, open, cancelled);
            Log(failure, open, cancelled, exception, metrics);
            // Only where it happened: the stages above and below end because of it.
            if (!cancelled && failure.InstanceId == host.InstanceId)
                span.Fail(failure.Reason, failure.Message);

            throw failure.ToRpcException(StatusBelow(exception));
        }
        finally
        {
            span?.SetTag(PipelineTelemetry.RunId, open?.RunId)
                .SetTag(PipelineTelemetry.AttemptNumber, open?.Attempt)
                .SetTag(PipelineTelemetry.StageRole, host.Role)
                .SetTag("pipeline.stage.items.in", metrics.ItemsIn)
                .SetTag("pipeline.stage.items.out", metrics.ItemsOut)
                .SetTag("pipeline.stage.items.filtered", metrics.Stage.Filtered)
                .SetTag("pipeline.stage.items.rejected", metrics.Stage.Rejected)
                .Dispose();
        }
    }

    public override Task<CheckResponse> Check(CheckRequest request, ServerCallContext context)
    {
        var response = new CheckResponse();
        response.Errors.AddRange(host.Check(request.Options ?? new RunOptions()));
        return Task.FromResult(response);
    }

    private static async Task<OpenRun> ReadOpenRunAsync(FrameReader reader, CancellationToken cancellationToken)
    {
        if (await reader.WaitAsync(cancellationToken) && reader.TryRead(out var frame))
        {
            using (frame)
            {
                if (frame is MessageFrame { Message.OpenRun: { RunId.Length: > 0, Attempt: > 0, Options: not null } open })
                    return open;
            }
        }

        throw ProtoReader.Violation("the first message is not an OpenRun with run_id, attempt and options");
    }

    /// <summary>The status with which a failure came from below; null: it happened here, or came without a failure.</summary>
    private static StatusCode? StatusBelow(Exception exception) =>
        exception.InnerException is RpcException below && Failures.Carried(below) is not null ? below.StatusCode : null;

    /// <summary>What goes up. A failure from below keeps the instance that it happened in; a violation of the contract has that of the hop above.</summary>
    private Failure ToFailure(Exception exception, OpenRun? open, bool cancelled)
    {
        var failure = exception switch
        {
            StageException stage => Violations.Name(stage, open, host.InstanceId).Failure,
            _ when cancelled => new Failure { Reason = FailureReasons.Stopping, Message = "The hop above ended the attempt.", Retryable = true },
            _ => new Failure
            {
                Reason = FailureReasons.Internal,
                Message = $"{host.Role} broke: {exception.GetType().Name}: {exception.Message} Its log has the rest.",
                Retryable = true,
            },
        };
        if (failure.InstanceId.Length == 0)
            (failure.InstanceId, failure.Role) = (host.InstanceId, host.Role);

        return failure;
    }

    private void Log(Failure failure, OpenRun? open, bool cancelled, Exception exception, AttemptMetrics metrics)
    {
        var (run, attempt) = (open?.RunId ?? "?", open?.Attempt ?? 0);
        if (cancelled)
            LogCancelled(run, attempt, metrics.Edge.ItemsIn, metrics.Stage.FramesDiscarded);
        else if (failure.Reason == FailureReasons.Internal)
            LogBroken(run, attempt, exception);
        else
            LogFailed(run, attempt, failure.Reason, failure.Message, metrics.Edge.ItemsIn, metrics.Stage.FramesDiscarded);
    }
}
