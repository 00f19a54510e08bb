using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>Carries out attempts: opens the route, hears what comes up, drains it when it is to stop or an instance leaves.</summary>
internal sealed class AttemptRunner(
    IStageClient client, RouteWatch watch, RunInstruments instruments, CoordinatorOptions options, TimeProvider time,
    ILogger<AttemptRunner> logger)
{
    private static readonly Task<RouteNews> Never = new TaskCompletionSource<RouteNews>().Task;
    private static readonly Task<Failure> NoStall = new TaskCompletionSource<Failure>().Task;

    /// <summary>Carries out one attempt to its end.</summary>
    /// <param name="route">What it goes through.</param>
    /// <param name="open">How it is opened.</param>
    /// <param name="observer">Hears what happens.</param>
    /// <param name="stop">The request that the run stop.</param>
    /// <param name="replaced">Ends when the run is to go on by another route.</param>
    /// <exception cref="OperationCanceledException">It was broken off.</exception>
    public async Task<AttemptOutcome> RunAsync(StageRoute route, OpenRun open, RunTracker observer, StopSignal stop, Task replaced)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop.Abort);
        IAttemptCall call;
        try
        {
            call = client.Open(route.First, open);
        }
        catch (StageException error)
        {
            return FailedAt(route, error);
        }

        var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stall = new StallMonitor(route, open.RunId, observer, instruments, options, time, logger);
        var heard = time.GetTimestamp();
        var reading = ReadAsync(call, open.RunId, observer, stall, opened, () => Volatile.Write(ref heard, time.GetTimestamp()), ending.Token);
        var stalling = NoStall;
        var news = watch.NextAsync(route, ending.Token);
        var stopRequested = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Drain.Register(() => stopRequested.TrySetResult());
        Task stopping = stopRequested.Task;
        Task opening = opened.Task;
        var deadline = After(options.OpenTimeout, ending.Token);
        var drained = false;
        // Ends early, so that tools that show only ended spans have the trace of a run that is under way.
        using var handshake = PipelineTelemetry.Source.StartActivity("handshake");
        try
        {
            while (true)
            {
                var first = await Task.WhenAny(reading, news, stopping, replaced, opening, deadline, stalling);
                stop.Abort.ThrowIfCancellationRequested();
                if (first == reading)
                {
                    return await OutcomeOf(reading, route);
                }
                else if (first == opening)
                {
                    opening = Never;
                    handshake?.Dispose();
                    if (open.Options.Partials.Count > 0)
                        await EndAsync(call, new StageInput { EndOfInput = new EndOfInput() }, ending.Token);
                    stalling = stall.WatchAsync(ending.Token);
                    deadline = drained ? deadline : Never;
                }
                else if (first == deadline && !drained && options.OpenTimeout - time.GetElapsedTime(Volatile.Read(ref heard)) is { Ticks: > 0 } left)
                {
                    // A large state comes in pages, and a stage that opens slowly tells so; each page has that time.
                    deadline = After(left, ending.Token);
                }
                else if (first == deadline)
                {
                    return new AttemptOutcome.Failed(TooLate(route, drained));
                }
                else if (first == stalling)
                {
                    return new AttemptOutcome.Failed(await stalling);
                }
                else if (first == news && await news is { IsDraining: false, Instance: var gone })
                {
                    return new AttemptOutcome.Failed(
                        AttemptOutcome.Unreachable(gone, $"{gone.InstanceId} at {gone.Address} lost its lease and does not answer"));
                }
                else
                {
                    var onDemand = first == stopping;
                    stopping = onDemand ? Never : stopping;
                    replaced = first == replaced ? Never : replaced;
                    news = first == news ? Never : news;
                    if (onDemand)
                        observer.Draining();
                    if (!drained)
                        await EndAsync(call, new StageInput { Control = new Control { Action = ControlAction.Drain } }, ending.Token);
                    drained = true;
                    deadline = After(options.DrainTimeout, ending.Token);
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            await call.DisposeAsync();
            // The reader touches the observer: it must be over before the next attempt begins.
            await reading.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private Task After(TimeSpan delay, CancellationToken cancellationToken) => Task.Delay(delay, time, cancellationToken);

    private async Task<RunCompleted> ReadAsync(
        IAttemptCall call, string runId, RunTracker observer, StallMonitor stall, TaskCompletionSource opened, Action paged,
        CancellationToken cancellationToken)
    {
        Checkpoint? resume = null;
        await foreach (var answer in call.ReadAsync(cancellationToken))
        {
            switch (answer.OutputCase)
            {
                case StageOutput.OutputOneofCase.RunOpened:
                    resume = answer.RunOpened.Resume ?? resume;
                    paged();
                    if (answer.RunOpened.More)
                        break;
                    observer.Opened(resume, answer.RunOpened.Skipped);
                    opened.TrySetResult();
                    break;
                case StageOutput.OutputOneofCase.CheckpointCommitted:
                    stall.Committed(answer.CheckpointCommitted);
                    observer.Committed(answer.CheckpointCommitted);
                    var lines = answer.CheckpointCommitted.OpenPosition()?.TotalLines ?? 0;
                    RunLog.Commits(logger, runId, answer.CheckpointCommitted.Id, lines);
                    break;
                case StageOutput.OutputOneofCase.Progress:
                    var metrics = answer.Progress.Metrics ?? new StageMetrics();
                    stall.Progressed(metrics);
                    observer.Progressed(metrics);
                    break;
                case StageOutput.OutputOneofCase.RunCompleted:
                    return answer.RunCompleted;
                default:
                    throw Violation("an answer of an unknown kind");
            }
        }

        throw Violation("the end of its answers before RunCompleted");
    }

    private static StageException Violation(string what) =>
        new(FailureReasons.ProtocolViolation, $"the first stage sent {what}", retryable: true);

    private static async Task<AttemptOutcome> OutcomeOf(Task<RunCompleted> reading, StageRoute route)
    {
        try
        {
            return new AttemptOutcome.Ended(await reading);
        }
        catch (StageException error)
        {
            return FailedAt(route, error);
        }
    }

    /// <summary>A failure that names no instance is the first one's.</summary>
    private static AttemptOutcome.Failed FailedAt(StageRoute route, StageException error)
    {
        var failure = error.Failure.Clone();
        if (failure.InstanceId.Length == 0)
            (failure.InstanceId, failure.Role) = (route.Instances[0].InstanceId, route.Instances[0].Role);
        return new AttemptOutcome.Failed(failure);
    }

    private static async Task EndAsync(IAttemptCall call, StageInput last, CancellationToken cancellationToken)
    {
        try
        {
            await call.EndAsync(last, cancellationToken);
        }
        catch (StageException)
        {
            // The call is over, and its reader tells how it ended. Or a merge that has had its last message is to drain: it completes, or the deadline ends it.
        }
    }

    private Failure TooLate(StageRoute route, bool drained) => AttemptOutcome.Unreachable(
        route.Instances[0],
        drained
            ? $"the attempt did not drain to a checkpoint within {options.DrainTimeout.TotalSeconds:0.###} s"
            : $"the route did not open within {options.OpenTimeout.TotalSeconds:0.###} s");
}

/// <summary>How an attempt ended.</summary>
internal abstract record AttemptOutcome
{
    /// <summary>The failure of an attempt because of an instance that does not answer, or not in time.</summary>
    public static Failure Unreachable(Instance instance, string message) => new()
    {
        Reason = FailureReasons.Unreachable,
        Message = message,
        InstanceId = instance.InstanceId,
        Role = instance.Role,
        Retryable = true,
    };

    /// <summary>The results are in place or, where the figures say that it has drained, it stopped at a checkpoint, on demand.</summary>
    public sealed record Ended(RunCompleted Figures) : AttemptOutcome;

    /// <summary>Broke.</summary>
    public sealed record Failed(Failure Failure) : AttemptOutcome;
}
