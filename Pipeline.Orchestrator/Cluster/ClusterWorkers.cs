using Orleans.Runtime.Placement;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>Slices and runs on whichever machine of the cluster they are placed on.</summary>
/// <remarks>
/// A call that a lost machine did not answer is repeated: Orleans places the grain on another machine as soon as the cluster has declared
/// the first one dead. All calls are idempotent.
/// </remarks>
internal sealed partial class ClusterWorkers(
    IGrainFactory grains, Machines machines, LocalMachine machine, ILocalSiloDetails silo, TimeProvider time, ILogger<ClusterWorkers> logger)
    : ISliceWorkers, IClusteredRuns
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    // Longer than it takes to declare a machine dead.
    private static readonly TimeSpan WarnAfter = TimeSpan.FromSeconds(15);

    // Of calls that nobody can cancel.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public bool HasOtherMachines => true;

    public async ValueTask<int> LanesAsync(CancellationToken cancellationToken) => await machines.LanesAsync(cancellationToken);

    public async ValueTask<int> CapacityAsync(CancellationToken cancellationToken) => await machines.CapacityAsync(cancellationToken);

    public async Task<SliceReport> AdvanceAsync(string runId, int slice, long seen, CancellationToken cancellationToken)
    {
        var key = SliceKey.Of(runId, slice);
        var answer = await RepeatAsync(key, () => grains.GetGrain<ISliceGrain>(key).AdvanceAsync(seen), Timeout.InfiniteTimeSpan, cancellationToken);
        return answer.ToReport();
    }

    public async Task StopAsync(string runId, int slice, StopReason reason)
    {
        var key = SliceKey.Of(runId, slice);
        try
        {
            await RepeatAsync(key, () => grains.GetGrain<ISliceGrain>(key).StopAsync(reason));
        }
        catch (Exception error) when (LostMachine.Explains(error, CancellationToken.None))
        {
            // Whoever advances the slice sees that it does not drain, and asks again.
        }
    }

    public Task EnsureAsync(string runId) => RepeatAsync(runId, () => grains.GetGrain<IRunGrain>(runId).EnsureAsync());

    // One that has rested is for some minutes still placed on the machine where it did, which may be why it failed.
    public Task BeginAsync(string runId) => EnsureOnAsync(silo.SiloAddress, runId);

    public async Task HandOverAsync(string runId, IReadOnlyList<string> tried)
    {
        machine.FoundNoRoute(runId);
        if (await machines.FindAbleAsync(runId, tried) is { } able)
            await EnsureOnAsync(able, runId);
    }

    public Task StopAsync(string runId, StopReason reason) => RepeatAsync(runId, () => grains.GetGrain<IRunGrain>(runId).StopAsync(reason));

    private async Task EnsureOnAsync(SiloAddress address, string runId)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, address);
        await RepeatAsync(runId, () => grains.GetGrain<IRunGrain>(runId).MoveAsync());
        // The hint would flow with all calls of the run that is begun.
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        await EnsureAsync(runId);
    }

    private Task RepeatAsync(string key, Func<Task> call) => RepeatAsync(
        key,
        async () =>
        {
            await call();
            return true;
        },
        Patience,
        CancellationToken.None);

    private async Task<T> RepeatAsync<T>(string key, Func<Task<T>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var isLogged = false;
        while (true)
        {
            try
            {
                return await call().WaitAsync(cancellationToken);
            }
            catch (Exception error) when (
                LostMachine.Explains(error, cancellationToken) && (patience < TimeSpan.Zero || time.GetElapsedTime(began) < patience))
            {
                if (!isLogged && time.GetElapsedTime(began) > WarnAfter)
                {
                    isLogged = true;
                    LogNoAnswer(logger, key, time.GetElapsedTime(began).TotalSeconds, error.Message.ReplaceLineEndings(" "));
                }

                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(
        EventId = 3056, Level = LogLevel.Warning,
        Message = "For {Seconds:0} s no machine has answered a call for the run or slice {Key}; it is repeated: {Reason}")]
    private static partial void LogNoAnswer(ILogger logger, string key, double seconds, string reason);
}

/// <summary>Tells calls that failed because a machine was lost from others.</summary>
internal static class LostMachine
{
    /// <summary>
    /// Whether it may be why. Rejected messages and unavailable silos are among Orleans' own exceptions; where a machine is lost while a
    /// grain is placed, Orleans cancels the call.
    /// </summary>
    /// <param name="error">What a call failed with.</param>
    /// <param name="cancellationToken">By which the caller cancels it.</param>
    public static bool Explains(Exception error, CancellationToken cancellationToken) =>
        error is OrleansException or TimeoutException
        || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
