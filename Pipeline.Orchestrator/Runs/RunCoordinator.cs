using System.Diagnostics;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Routes;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Brings one run to rest: attempt after attempt, until its results are in place, it is to stop, or only the user can help.</summary>
/// <remarks>
/// An attempt that failed for a reason that may pass is followed by the next one as soon as there is a full route of instances that
/// answer; the broker's notifications tell when, no timer does. Time only bounds: how long to wait for a role, and, where everybody
/// answers and yet attempts fail without getting further, a short growing pause, and their number.
/// </remarks>
internal sealed class RunCoordinator(
    IRegistry registry, IHealthProbe probe, InstanceLoad load, AttemptRunner attempts, RunInstruments instruments, CoordinatorOptions options,
    TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly RouteFinder _routes = new(registry, probe, load, options, time);

    /// <summary>Works on a run until it rests; its state then says how.</summary>
    /// <param name="tracker">The run.</param>
    /// <param name="workDirectory">Its folder.</param>
    /// <param name="stop">The request that it stop.</param>
    /// <param name="prepare">
    /// What is to be done before its first attempt; null = nothing. It is given what pins the run to the implementations of its whole route.
    /// </param>
    /// <param name="tell">
    /// Gives the failure to report for the one that ended it; returns null where another machine carries it out now. Null = each is reported as it is.
    /// </param>
    public async Task RunAsync(
        RunTracker tracker, string workDirectory, StopSignal stop, Func<Func<Task>, Task>? prepare = null, Func<Failure, Task<Failure?>>? tell = null)
    {
        // A run has a trace of its own, not that of the request.
        Activity.Current = null;
        using var span = PipelineTelemetry.Source.StartActivity("run");
        span?.SetTag(PipelineTelemetry.RunId, tracker.Run.Id);
        var began = time.GetTimestamp();
        var isElsewhere = false;
        instruments.RunStarted();
        tracker.Started(span?.TraceId.ToString());
        RunLog.Starts(logger, tracker.Run.Id, tracker.Run.Input, tracker.Run.Output);
        try
        {
            if (prepare is not null)
                await prepare(() => PinAsync(tracker, stop));
            await AttemptAsync(tracker, workDirectory, stop);
        }
        catch (OperationCanceledException) when (stop.Reason is not null)
        {
            tracker.Ends(stop);
        }
        catch (StageException error)
        {
            if ((tell is null ? error.Failure : await tell(error.Failure)) is { } failure)
                tracker.Ends(RunState.Failed, RunError.Of(failure));
            else
                isElsewhere = true;
        }
        finally
        {
            // Active, and not elsewhere: a defect, which ends the run as failed.
            var state = isElsewhere ? RunState.Interrupted : tracker.Run.State.IsActive() ? RunState.Failed : tracker.Run.State;
            instruments.RunEnded(state, time.GetElapsedTime(began));
        }

        if (isElsewhere)
        {
            RunLog.Leaves(logger, tracker.Run.Id);
            return;
        }

        span?.SetTag(PipelineTelemetry.RunState, tracker.Run.State.ToText());
        if (tracker.Run is { State: RunState.Failed, Error: { } failed })
            span.Fail(failed.Reason, failed.Message);
        RunLog.Rests(
            logger, tracker.Run.Id, tracker.Run.State.ToText(), tracker.Run.Attempts,
            tracker.Run.Error is { } last ? $": {last.Message}" : "");
    }

    // Not where it has them already, by an earlier start: this machine of a cluster may lack a stage that others have.
    private async Task PinAsync(RunTracker tracker, StopSignal stop)
    {
        var roles = options.RouteOf(tracker.Run.Options);
        while (!tracker.Run.Options.AllowUpgrade && !RunPins.Of(tracker.Run).AreWhole(roles))
            tracker.TryPin(await FindRouteAsync(tracker, roles, stop));
    }

    private Task<StageRoute> FindRouteAsync(RunTracker tracker, IReadOnlyList<string> roles, StopSignal stop) => _routes.FindAsync(
        () => tracker.Current,
        roles,
        what =>
        {
            RunLog.Waits(logger, tracker.Run.Id, what);
            tracker.WaitingFor(what);
        },
        stop.Drain);

    private async Task AttemptAsync(RunTracker tracker, string workDirectory, StopSignal stop)
    {
        var fruitless = 0;
        while (stop.Reason is null)
        {
            var route = await FindRouteAsync(tracker, options.RouteOf(tracker.Run), stop);
            var outcome = await AttemptOnceAsync(tracker, route, workDirectory, stop);
            switch (outcome)
            {
                case AttemptOutcome.Ended { Figures.Drained: true }:
                    fruitless = 0;
                    break;
                case AttemptOutcome.Ended:
                    tracker.Ends(RunState.Completed, null);
                    return;
                case AttemptOutcome.Failed { Failure: var failure }:
                    if (stop.Reason is not null)
                        break;
                    if (!failure.Retryable)
                        throw new StageException(failure);
                    fruitless = tracker.HasProgressed ? 0 : fruitless + 1;
                    if (fruitless >= options.MaxFruitlessAttempts)
                        throw GivesUp(failure, fruitless);
                    var silent = await _routes.LearnAsync(route, failure, stop.Drain);
                    foreach (var instance in silent)
                        RunLog.Suspects(logger, tracker.Run.Id, instance.InstanceId, instance.Address);
                    if (silent.Count == 0 && fruitless > 1)
                        await Task.Delay(PauseAfter(fruitless), time, stop.Drain);
                    break;
            }
        }

        tracker.Ends(stop);
    }

    /// <returns>Null: the run's pins have changed, and it may not go this way.</returns>
    private async Task<AttemptOutcome?> AttemptOnceAsync(RunTracker tracker, StageRoute route, string workDirectory, StopSignal stop)
    {
        using var taken = load.Take(route);
        if (tracker.AttemptBegins(route) is not { } number)
            return null;
        using var span = PipelineTelemetry.Source.StartActivity("attempt");
        span?.SetTag(PipelineTelemetry.RunId, tracker.Run.Id);
        span?.SetTag(PipelineTelemetry.AttemptNumber, number);
        span?.SetTag("pipeline.attempt.route", route.Instances.Select(instance => instance.InstanceId).ToArray());
        var began = time.GetTimestamp();
        var path = string.Join(" > ", route.Instances.Select(instance => $"{instance.Role} {instance.InstanceId}"));
        RunLog.Begins(logger, tracker.Run.Id, number, path);
        foreach (var change in tracker.Run.History[^1].TookOver)
            RunLog.TakesOver(logger, tracker.Run.Id, number, change);
        var open = new OpenRun { RunId = tracker.Run.Id, Attempt = number, Options = RunOptionsMapping.ToOptions(tracker.Run, workDirectory) };
        open.Route.AddRange(route.Below);
        open.Path.AddRange(route.Hops);
        using var ending = new CancellationTokenSource();
        try
        {
            var outcome = await attempts.RunAsync(route, open, tracker, stop, tracker.ReplacedAsync(route, ending.Token));
            tracker.AttemptEnds(outcome);
            if (outcome is AttemptOutcome.Failed { Failure: var failure })
            {
                span.Fail(failure.Reason, failure.Message);
                RunLog.Fails(logger, tracker.Run.Id, number, failure.Reason, failure.InstanceId, failure.Message, failure.Retryable);
            }

            return outcome;
        }
        catch when (tracker.Run.History[^1].Outcome == AttemptRecord.Running)
        {
            tracker.AttemptAbandoned();
            throw;
        }
        finally
        {
            await ending.CancelAsync();
            var ended = tracker.Run.History[^1].Outcome;
            span?.SetTag(PipelineTelemetry.AttemptOutcome, ended);
            instruments.AttemptEnded(ended, time.GetElapsedTime(began));
        }
    }

    private static StageException GivesUp(Failure failure, int fruitless) => new(new Failure(failure)
    {
        Reason = FailureReasons.NoProgress,
        Message = $"{fruitless} attempts in a row got no further; the last one: {failure.Reason}: {failure.Message}",
        Retryable = false,
    });

    /// <summary>The state in which a run rests that was asked to stop.</summary>
    public static RunState RestOf(StopSignal stop) => stop.Reason switch
    {
        StopReason.Pause => RunState.Paused,
        StopReason.Cancel => RunState.Cancelled,
        _ => RunState.Interrupted,
    };

    private static TimeSpan PauseAfter(int fruitless)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(fruitless - 2, 16));
        return pause < LongestPause ? pause : LongestPause;
    }
}
