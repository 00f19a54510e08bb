using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;
using Pipeline.ServiceDefaults.Telemetry;
using Pipeline.Tests.Orchestrator.Fakes;
using Pipeline.Tests.ServiceDefaults.Telemetry;

namespace Pipeline.Tests.Orchestrator.Runs;

/// <summary>The orchestrator's spans, log records and metrics of a run.</summary>
public sealed class RunTelemetryTests : IDisposable
{
    private readonly SpanRecorder _spans = new();
    private readonly MeterReader _meters = new();
    private readonly Records _log = new();
    private readonly RunBench _bench;

    public RunTelemetryTests() => _bench = new RunBench(log: _log, meters: _meters.Meters);

    [Fact]
    public async Task Run_Completes_ItsTraceIsRunAttemptAndHandshakeWhoeverAskedForIt()
    {
        using var request = new Activity("request").Start();
        var attempt = (await _bench.BeginAsync()).Opens();
        var trace = await TraceAsync();
        // The only span that has ended while the attempt goes on.
        Assert.Equal("handshake", Assert.Single(await _spans.WaitAsync(trace, 1)).OperationName);
        attempt.Commits(1, 7).Completes();
        await _bench.EndAsync();

        var ended = await _spans.WaitAsync(trace, 3);

        Assert.NotEqual(request.TraceId, trace);
        Assert.Equal(["handshake", "attempt", "run"], ended.Select(span => span.OperationName));
        Assert.Equal([ended[1].SpanId, ended[2].SpanId, default], ended.Select(span => span.ParentSpanId));
        Assert.All(ended, span => Assert.Equal(ActivityStatusCode.Unset, span.Status));
        Assert.Equal(
            ["ingest-0", "parse-0", "rules-0", "aggregate-0", "sink-0"],
            Assert.IsType<string[]>(ended[1].GetTagItem("pipeline.attempt.route")));
        Assert.Equal((1L, "completed"), NumberAndOutcome(ended[1]));
        Assert.Equal(_bench.Run.Id, ended[2].GetTagItem(PipelineTelemetry.RunId));
        Assert.Equal(_log.SpanOf("starts, /in to /out"), ended[2].SpanId);
        Assert.Equal(_log.SpanOf("attempt 1 through ingest ingest-0 > parse parse-0"), ended[1].SpanId);
        Assert.Equal(_log.SpanOf("checkpoint 1 durable at line 7"), ended[1].SpanId);
        Assert.Equal(_log.SpanOf("completed in attempt 1"), ended[2].SpanId);
    }

    [Fact]
    public async Task Run_AnAttemptFails_ThatAttemptAloneIsAnError()
    {
        (await _bench.BeginAsync()).Opens().Fails("unreachable", retryable: true, "parse-0");
        (await _bench.Stages.NextAsync()).Opens().Completes();
        await _bench.EndAsync();

        var ended = await _spans.WaitAsync(await TraceAsync(), 5);

        Assert.Equal(["handshake", "attempt", "handshake", "attempt", "run"], ended.Select(span => span.OperationName));
        var failed = Assert.Single(ended, span => span.Status == ActivityStatusCode.Error);
        Assert.Equal((1L, "failed"), NumberAndOutcome(failed));
        Assert.Equal("unreachable", failed.GetTagItem(PipelineTelemetry.ErrorType));
    }

    [Fact]
    public async Task Run_Fails_IsAnErrorToo()
    {
        (await _bench.BeginAsync()).Fails("invalid_rules", retryable: false);
        await _bench.EndAsync();

        var run = (await _spans.WaitAsync(await TraceAsync(), 3))[^1];

        Assert.Equal(("run", ActivityStatusCode.Error), (run.OperationName, run.Status));
        Assert.Equal("invalid_rules", run.GetTagItem(PipelineTelemetry.ErrorType));
    }

    [Fact]
    public async Task Run_Completes_ItsDurationAndThatOfItsAttemptAreMeasured()
    {
        var attempt = (await _bench.BeginAsync()).Opens();
        await _bench.Until(run => run.State == RunState.Running, "the attempt");
        Assert.Equal(1, _meters.Collect()["pipeline.run.active"]);
        _bench.Time.Advance(TimeSpan.FromSeconds(3));
        attempt.Completes();
        await _bench.EndAsync();

        var values = _meters.Collect();

        Assert.Equal((0, 3, 3), (values["pipeline.run.active"], values["pipeline.run.duration"], values["pipeline.attempt.duration"]));
        Assert.Equal(("{run}", "s", "s"), (Unit("pipeline.run.active"), Unit("pipeline.run.duration"), Unit("pipeline.attempt.duration")));

        string? Unit(string name) => _meters.Units[name];
    }

    [Fact]
    public async Task Run_BreaksByADefect_IsNoLongerActive()
    {
        _bench.Start(_ => throw new InvalidOperationException());

        await Assert.ThrowsAsync<InvalidOperationException>(_bench.EndAsync);
        Assert.Equal(0, _meters.Collect()["pipeline.run.active"]);
    }

    public void Dispose()
    {
        _spans.Dispose();
        _meters.Dispose();
    }

    private static (object? Number, object? Outcome) NumberAndOutcome(Activity span) =>
        (span.GetTagItem(PipelineTelemetry.AttemptNumber), span.GetTagItem(PipelineTelemetry.AttemptOutcome));

    private async Task<ActivityTraceId> TraceAsync() =>
        ActivityTraceId.CreateFromString((await _bench.Until(run => run.TraceId is not null, "the trace's id")).TraceId);

    /// <summary>Which span each record was written in.</summary>
    private sealed class Records : ILogger<AttemptRunner>
    {
        private readonly ConcurrentQueue<(string Message, ActivitySpanId Span)> _records = new();

        public ActivitySpanId SpanOf(string message) =>
            Assert.Single(_records, record => record.Message.Contains(message, StringComparison.Ordinal)).Span;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _records.Enqueue((formatter(state, exception), Activity.Current?.SpanId ?? default));
    }
}
