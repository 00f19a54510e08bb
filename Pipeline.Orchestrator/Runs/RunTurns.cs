using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Attempts;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Has a bounded number of runs worked on at once; the others wait for their turn. Whatever happens, a run ends in a state that says so.</summary>
/// <param name="count">How many at once.</param>
/// <param name="stopTimeout">Longest time for all of them to drain when the orchestrator stops.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class RunTurns(int count, TimeSpan stopTimeout, TimeProvider time, ILogger logger)
{
    private readonly SemaphoreSlim _turns = new(count);

    /// <summary>Works on a run when it is its turn. Never fails.</summary>
    /// <param name="tracker">The run.</param>
    /// <param name="stop">The request that it stop.</param>
    /// <param name="work">Works on it until it rests.</param>
    public async Task WorkAsync(RunTracker tracker, StopSignal stop, Func<Task> work)
    {
        try
        {
            await _turns.WaitAsync(stop.Drain);
            try
            {
                await work();
            }
            finally
            {
                _turns.Release();
            }
        }
        catch (OperationCanceledException) when (stop.Reason is not null)
        {
            // It never had its turn.
            tracker.Ends(stop);
        }
        catch (Exception error)
        {
            RunLog.Breaks(logger, tracker.Run.Id, error);
            tracker.Ends(RunState.Failed, new RunError(FailureReasons.Internal, error.Message));
        }
    }

    /// <summary>Waits for the end of runs that were asked to drain, and breaks off those that take too long.</summary>
    /// <param name="stops">Their stop signals.</param>
    /// <param name="work">What ends when all work on them has ended.</param>
    public async Task EndAsync(IReadOnlyCollection<StopSignal> stops, Task work)
    {
        await Task.WhenAny(work, Task.Delay(stopTimeout, time));
        foreach (var stop in stops)
            stop.BreakOff();
        await work;
    }
}
