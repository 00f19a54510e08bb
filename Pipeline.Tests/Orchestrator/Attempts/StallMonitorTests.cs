using Microsoft.Extensions.Logging.Testing;
using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Runs;
using Pipeline.Tests.Orchestrator.Fakes;
using Pipeline.Tests.ServiceDefaults.Telemetry;

namespace Pipeline.Tests.Orchestrator.Attempts;

public sealed class StallMonitorTests : IDisposable
{
    private static readonly TimeSpan Warning = new CoordinatorOptions().StallWarning;
    private readonly MeterReader _meters = new();
    private readonly FakeLogger<AttemptRunner> _log = new();
    private readonly RunBench _bench;

    public StallMonitorTests() => _bench = new RunBench(log: _log, meters: _meters.Meters);

    [Fact]
    public async Task WatchAsync_NothingIsHeardOfTheFirstStage_RunLogAndMetricSaySoUntilItGoesOn()
    {
        var attempt = (await _bench.BeginAsync()).Opens();
        await _bench.Time.LetPassAsync(Warning);
        var stalled = await _bench.Until(run => run.Stall is not null, "the stall");
        Assert.Equal("no progress for 30 s, the orchestrator waits for ingest-0", stalled.Stall!.Message);
        Assert.Equal((RunState.Running, _bench.Time.GetUtcNow() - Warning), (stalled.State, stalled.Stall.Since));
        await _bench.Time.LetPassAsync(Warning);
        await _bench.Until(run => run.Stall?.Message.Contains("60 s", StringComparison.Ordinal) == true, "the renewed message");
        Assert.Equal(1, _meters.Collect()["pipeline.run.stalled"]);

        attempt.Reports("ingest-0", itemsIn: 7);
        await _bench.Until(run => run.Stall is null, "the end of the stall");
        Assert.Equal(0, _meters.Collect()["pipeline.run.stalled"]);
        attempt.Completes();
        await _bench.EndAsync();
        Assert.Single(_log.Collector.GetSnapshot().Select(record => record.Message), message => message.Contains("no progress", StringComparison.Ordinal));
    }

    [Theory]
    // Nothing is heard from rules on.
    [InlineData("ingest-0 parse-0", "", "", "parse-0 waits for rules-0")]
    // All report; of those that cannot send, the lowest tells.
    [InlineData("ingest-0 parse-0 rules-0 aggregate-0 sink-0", "ingest-0 parse-0", "aggregate-0 sink-0", "parse-0 waits for rules-0")]
    // Nobody has anything to send.
    [InlineData("ingest-0 parse-0 rules-0 aggregate-0 sink-0", "", "parse-0 rules-0 aggregate-0 sink-0", "parse-0 waits for ingest-0")]
    [InlineData("ingest-0 parse-0 rules-0 aggregate-0 sink-0", "", "sink-0", "sink-0 waits for aggregate-0")]
    [InlineData("ingest-0 parse-0 rules-0 aggregate-0 sink-0", "", "", "no stage waits for another")]
    public async Task WatchAsync_FiguresStandStill_SaysWhoWaitsForWhom(string heard, string sending, string receiving, string expected)
    {
        var attempt = (await _bench.BeginAsync()).Opens();
        foreach (var stage in _bench.Registry.Current.Value.Instances.Values)
            attempt.Reports(stage.InstanceId, itemsIn: 7);
        attempt.Commits(1, 7);
        await _bench.Until(run => run.Progress.Checkpoint == 1, "the checkpoint");

        foreach (var stage in heard.Split(' '))
            attempt.Answers(Report(stage, sending.Split(' ').Contains(stage), receiving.Split(' ').Contains(stage)));
        await _bench.Until(
            run => heard.Split(' ').All(id => run.Stages.Single(stage => stage.InstanceId == id).ProcessingMicros == 1), "the reports");
        await _bench.Time.LetPassAsync(Warning);

        var stalled = await _bench.Until(run => run.Stall is not null, "the stall");
        Assert.Equal($"no progress for 30 s, {expected}", stalled.Stall!.Message);
        attempt.Completes();
        await _bench.EndAsync();
        Assert.Null(_bench.Run.Stall);
    }

    [Fact]
    public async Task WatchAsync_ClaimsOneCheckpointAgain_IsNoProgress()
    {
        var attempt = (await _bench.BeginAsync()).Opens().Commits(1, 7);
        await _bench.Until(run => run.Progress.Lines == 7, "the first checkpoint");
        await _bench.Time.LetPassAsync(Warning);
        await _bench.Until(run => run.Stall is not null, "the stall");
        attempt.Commits(1, 8);
        Assert.NotNull((await _bench.Until(run => run.Progress.Lines == 8, "the second claim")).Stall);
        attempt.Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task WatchAsync_StallsAgainLongBeforeTheLimit_SaysSoAgain()
    {
        // Nobody else sets timers of this length.
        var warning = _bench.Options.StallWarning = TimeSpan.FromSeconds(7);
        _bench.Options.StallTimeout = Warning * 20;
        var attempt = (await _bench.BeginAsync()).Opens();
        await _bench.Time.LetPassAsync(warning);
        await _bench.Until(run => run.Stall is not null, "the first stall");
        attempt.Reports("ingest-0", itemsIn: 7);
        await _bench.Until(run => run.Stall is null, "its end");

        await _bench.Time.LetPassAsync(warning);

        await _bench.Until(run => run.Stall is not null, "the second stall");
        attempt.Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task WatchAsync_LimitPassed_EndsTheAttemptAndTakesTheSibling()
    {
        _bench.Options.StallTimeout = Warning * 1.5;
        _bench.Registry.Register("ingest-1", "ingest");
        var attempt = (await _bench.BeginAsync()).Opens();
        await _bench.Time.LetPassAsync(Warning);
        await _bench.Time.LetPassAsync(Warning / 2);
        await attempt.BrokenOff;

        var second = await _bench.Stages.NextAsync();
        var error = _bench.Run.Error!;
        Assert.Equal(("unreachable", "ingest-0", true), (error.Reason, error.InstanceId, error.Retryable));
        Assert.StartsWith("no progress for 45 s, the orchestrator waits for ingest-0", error.Message, StringComparison.Ordinal);
        Assert.Equal(("ingest-1", 0), (second.First.InstanceId, _meters.Collect()["pipeline.run.stalled"]));
        second.Opens().Completes();
        await _bench.EndAsync();
    }

    public void Dispose() => _meters.Dispose();

    private static StageOutput Report(string stage, bool sends, bool receives) => new()
    {
        Progress = new Progress
        {
            Metrics = new StageMetrics
            {
                InstanceId = stage,
                Role = stage[..^2],
                ItemsIn = 7,
                ProcessingMicros = 1,
                WaitingToSendMicros = sends ? 29_000_000 : 0,
                WaitingToReceiveMicros = receives ? 29_000_000 : 0,
            },
        },
    };
}
