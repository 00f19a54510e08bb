using Google.Protobuf;
using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd.Telemetry;

/// <summary>What a collector gets from a start and a run of the whole pipeline.</summary>
[Collection(PipelineCollection.Name)]
public sealed class RunTraceTests(PipelineFixture fixture)
{
    private const int Warning = 13;
    private const int Error = 2;

    [Fact]
    public async Task Run_Undisturbed_IsOneTraceOfRunAttemptHandshakeAndFiveStages()
    {
        var pipeline = fixture.Pipeline;
        var folder = pipeline.Folder("traced");
        var input = FaultBench.Write(Path.Combine(folder, "input.ndjson"), 1_000, badShare: 0);
        var run = await pipeline.RunAsync(new RunSettings { Input = input, Output = Path.Combine(folder, "results.ndjson") });
        Assert.Equal(RunState.Completed, run.State);
        var trace = ByteString.CopyFrom(Convert.FromHexString(run.TraceId!));

        var (spans, logs) = await fixture.Collector.UntilAsync(
            (spans, logs) => spans.Count(span => span.TraceId == trace) >= 8 && logs.Any(IsCheckpoint),
            AppHostUnderTest.Patience);

        var own = spans.Where(span => span.TraceId == trace).ToList();
        var root = Assert.Single(own, span => span.Name == "run");
        var attempt = Assert.Single(own, span => span.Name == "attempt");
        Assert.Equal((ByteString.Empty, root.SpanId), (root.ParentSpanId, attempt.ParentSpanId));
        Assert.Equal(
            ["aggregate", "handshake", "ingest", "parse", "rules", "sink"],
            own.Where(span => span.ParentSpanId == attempt.SpanId).Select(span => span.Name).Order());
        Assert.Equal(8, own.Count);
        Assert.DoesNotContain(own, span => span.Status?.Code == Error);
        Assert.DoesNotContain(logs, record => record.TraceId == trace && record.SeverityNumber >= Warning);
        Assert.All(logs.Where(IsCheckpoint), record => Assert.Equal(attempt.SpanId, record.SpanId));

        // Of all that was started, registered, watched, probed and asked by HTTP in the meantime there are spans of runs alone.
        Assert.Empty(spans.Select(span => span.Name).Except(["run", "attempt", "handshake", .. PipelineUnderTest.Stages]));

        bool IsCheckpoint(LogRecord record) =>
            record.TraceId == trace && record.Body?.StringValue.Contains("durable at line", StringComparison.Ordinal) == true;
    }
}
