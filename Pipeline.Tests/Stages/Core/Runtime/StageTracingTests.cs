using System.Diagnostics;
using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.ServiceDefaults.Telemetry;
using Pipeline.Tests.ServiceDefaults.Telemetry;

namespace Pipeline.Tests.Stages.Core.Runtime;

/// <summary>The spans of stages that are called over real gRPC.</summary>
public sealed class StageTracingTests
{
    private readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();
    private readonly ActivitySpanId _caller = ActivitySpanId.CreateRandom();

    private Metadata Context => new() { { "traceparent", $"00-{_trace}-{_caller}-01" }, { "tracestate", "vendor=1" } };

    [Fact]
    public async Task Process_CallerSendsTraceContext_EveryStageIsOnceAChildOfTheCallersSpan()
    {
        using var spans = new SpanRecorder();
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(20), _ => new FakeTransform(), context => new FakeSink(context, []));
        using (var call = chain.Open(trace: Context))
            await call.ReadAllAsync();

        var ended = await spans.WaitAsync(_trace, 3);

        Assert.Equal(["middle", "sink", "source"], ended.Select(span => span.OperationName).Order());
        Assert.All(ended, span =>
        {
            Assert.Equal((_caller, "vendor=1", ActivityStatusCode.Unset), (span.ParentSpanId, span.TraceStateString, span.Status));
            Assert.Equal(("run", 1L), (span.GetTagItem(PipelineTelemetry.RunId), span.GetTagItem(PipelineTelemetry.AttemptNumber)));
            Assert.Equal(span.OperationName, span.GetTagItem(PipelineTelemetry.StageRole));
            Assert.Equal(20L, span.GetTagItem("pipeline.stage.items.in"));
        });
    }

    [Fact]
    public async Task Process_AStageMakesNoSpans_TheStageBelowIsAChildOfTheCallersSpanAllTheSame()
    {
        using var spans = new SpanRecorder(notTraced: "untraced");
        await using var chain = new Chain(
        [
            await StageServer.StartAsync("source", _ => new FakeSource(1)),
            await StageServer.StartAsync("untraced", _ => new FakeTransform()),
            await StageServer.StartAsync("sink", context => new FakeSink(context, [])),
        ]);
        using (var call = chain.Open(trace: Context))
            await call.ReadAllAsync();

        var ended = await spans.WaitAsync(_trace, 2);

        Assert.Equal([("sink", _caller), ("source", _caller)], ended.Select(span => (span.OperationName, span.ParentSpanId)).Order());
    }

    [Fact]
    public async Task Process_CallerSendsNoTraceContext_NoSpanIsMade()
    {
        using var spans = new SpanRecorder();
        await using var chain = new Chain(
        [
            await StageServer.StartAsync("lonely-source", _ => new FakeSource(1)),
            await StageServer.StartAsync("lonely-sink", context => new FakeSink(context, [])),
        ]);
        using (var call = chain.Open())
            await call.ReadAllAsync();
        await chain.DisposeAsync();

        Assert.Empty(spans.Ended(span => span.OperationName.StartsWith("lonely", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Process_AStageFails_OnlyItsOwnSpanIsAnError()
    {
        using var spans = new SpanRecorder();
        await using var chain = await Chain.StartAsync(
            _ => new FakeSource(20),
            _ => new FakeTransform(_ => throw new StageException(FailureReasons.InvalidRules, "told to fail")),
            context => new FakeSink(context, []));
        using (var call = chain.Open(trace: Context))
            await call.FailureAsync();

        var ended = await spans.WaitAsync(_trace, 3);

        var failed = Assert.Single(ended, span => span.Status == ActivityStatusCode.Error);
        Assert.Equal(("middle", "told to fail"), (failed.OperationName, failed.StatusDescription));
        Assert.Equal("invalid_rules", failed.GetTagItem("error.type"));
    }
}
