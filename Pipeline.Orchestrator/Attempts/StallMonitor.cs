using Pipeline.Client.Runs;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>
/// Notices that an attempt makes no progress: no new checkpoint, and no stage takes in or hands on anything. It then tells which
/// instance waits for which, once in the log, and in the run as long as it lasts; where there is a limit, it ends the attempt.
/// </summary>
internal sealed class StallMonitor(
    StageRoute route, string runId, RunTracker observer, RunInstruments instruments, CoordinatorOptions options, TimeProvider time,
    ILogger logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StageMetrics> _latest = [];
    private readonly HashSet<string> _heard = [];
    private Dictionary<string, StageMetrics> _atProgress = [];
    private long _progressAt;
    private long _checkpoint;
    private bool _stalled;
    private bool _over;

    /// <summary>A checkpoint is durable.</summary>
    public void Committed(CheckpointCommitted checkpoint)
    {
        lock (_lock)
        {
            if (checkpoint.Id <= _checkpoint)
                return;
            _checkpoint = checkpoint.Id;
            Advance();
        }
    }

    /// <summary>Figures of a stage, which may be the same as before.</summary>
    public void Progressed(StageMetrics metrics)
    {
        // The name comes from a peer: others than those of the route would grow without bound.
        if (route.Find(metrics.InstanceId) is null)
            return;
        lock (_lock)
        {
            var moved = !_latest.TryGetValue(metrics.InstanceId, out var former) || AmountsOf(former) != AmountsOf(metrics);
            _latest[metrics.InstanceId] = metrics;
            if (moved)
                Advance();
            _heard.Add(metrics.InstanceId);
        }
    }

    /// <summary>Watches from now on, when the attempt is open.</summary>
    /// <returns>Only where there is a limit: the failure, once it is passed.</returns>
    public async Task<Failure> WatchAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            _progressAt = time.GetTimestamp();
        while (true)
        {
            await Task.Delay(UntilNextLook(), time, cancellationToken);
            lock (_lock)
            {
                var silence = time.GetElapsedTime(_progressAt);
                if (silence >= options.StallWarning)
                    Tell(silence);
                if (options.StallTimeout > TimeSpan.Zero && silence >= options.StallTimeout)
                    return FailureAfter(silence);
            }
        }
    }

    /// <summary>The attempt is over, and with it the stall.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _over = true;
            EndStall(_progressAt);
        }
    }

    private static (long, long, long, long, long, long) AmountsOf(StageMetrics metrics) =>
        (metrics.ItemsIn, metrics.ItemsOut, metrics.BatchesIn, metrics.BatchesOut, metrics.BytesIn, metrics.BytesOut);

    private TimeSpan UntilNextLook()
    {
        lock (_lock)
        {
            var silence = time.GetElapsedTime(_progressAt);
            // At least once per StallWarning: progress may come meanwhile, and another stall after it.
            return new[] { options.StallWarning, options.StallTimeout }
                .Where(limit => limit > silence)
                .Select(limit => limit - silence)
                .Append(options.StallWarning)
                .Min();
        }
    }

    private void Advance()
    {
        var before = _progressAt;
        _progressAt = time.GetTimestamp();
        _atProgress = new(_latest);
        _heard.Clear();
        // Last: who is told of the end may measure time from the new start.
        EndStall(before);
    }

    private void Tell(TimeSpan silence)
    {
        if (_over)
            return;
        var message = Describe(silence);
        observer.Stalled(new RunStall(time.GetUtcNow() - silence, message));
        if (_stalled)
            return;
        _stalled = true;
        instruments.StallBegan();
        RunLog.Stalls(logger, runId, message);
    }

    private void EndStall(long began)
    {
        if (!_stalled)
            return;
        _stalled = false;
        instruments.StallEnded();
        observer.Stalled(null);
        RunLog.StallEnds(logger, runId, (long)time.GetElapsedTime(began).TotalSeconds);
    }

    private string Describe(TimeSpan silence)
    {
        var (waiting, awaited) = FindWait(silence);
        var who = awaited is null
            ? "no stage waits for another"
            : $"{waiting?.InstanceId ?? "the orchestrator"} waits for {awaited.InstanceId}";
        return $"no progress for {silence.TotalSeconds:0} s, {who}";
    }

    private Failure FailureAfter(TimeSpan silence) => AttemptOutcome.Unreachable(
        FindWait(silence).Awaited ?? route.Instances[0], $"{Describe(silence)}; the limit is Orchestrator:StallTimeout");

    /// <summary>Which instance waits for which; the first is null where the orchestrator waits, both where nothing tells.</summary>
    private (Instance? Waiting, Instance? Awaited) FindWait(TimeSpan silence)
    {
        var stages = route.Instances;
        // 1. Figures come up through the stages: the first below which nothing is heard hands on nothing, or is silent itself.
        var silent = stages.Length;
        while (silent > 0 && !_heard.Contains(stages[silent - 1].InstanceId))
            silent--;
        if (silent < stages.Length)
            return (silent > 0 ? stages[silent - 1] : null, stages[silent]);
        // 2. The lowest that cannot send: those above wait because of it.
        for (var at = stages.Length - 2; at >= 0; at--)
        {
            if (HasWaited(stages[at], metrics => metrics.WaitingToSendMicros, silence))
                return (stages[at], stages[at + 1]);
        }

        // 3. The highest that receives nothing.
        for (var at = 1; at < stages.Length; at++)
        {
            if (HasWaited(stages[at], metrics => metrics.WaitingToReceiveMicros, silence))
                return (stages[at], stages[at - 1]);
        }

        return (null, null);
    }

    /// <summary>True where it waited for most of the silence; figures are some seconds old.</summary>
    private bool HasWaited(Instance instance, Func<StageMetrics, long> micros, TimeSpan silence)
    {
        var before = _atProgress.TryGetValue(instance.InstanceId, out var former) ? micros(former) : 0;
        return _latest.TryGetValue(instance.InstanceId, out var latest) && micros(latest) - before >= silence.TotalMicroseconds / 2;
    }
}
