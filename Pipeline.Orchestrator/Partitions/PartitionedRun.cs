using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Partitions;

/// <summary>The slices of a partitioned run: plans them, and has as many worked on at once as there are cores. What comes after is the merge.</summary>
/// <remarks>
/// All state is in the run's folder: whatever machine takes a run over asks for each slice that is not known to have completed, and one that has
/// completed says so at once. A slice that was fenced is started again, as long as this machine owns the run.
/// </remarks>
internal sealed class PartitionedRun(
    ISliceWorkers workers, IReadOnlyList<string> roots, RunTracker tracker, string folder, StopSignal stop, Action requireOwner, TimeProvider time)
{
    private readonly Dictionary<int, Task<SliceReport>> _open = [];
    private Failure? _failure;

    /// <summary>Returns when all slices have completed, or at once where the input is not split.</summary>
    /// <param name="pin">Has the run pinned to its implementations.</param>
    /// <exception cref="StageException">The input cannot be read or has changed, or a slice failed.</exception>
    /// <exception cref="OperationCanceledException">The run is to stop; slices rest at their checkpoints.</exception>
    public async Task RunSlicesAsync(Func<Task> pin)
    {
        var plan = LoadOrMake(await workers.LanesAsync(stop.Abort));
        if (plan.Slices.Count == 1)
            return;
        var began = time.GetTimestamp();
        tracker.Planned(plan);
        try
        {
            // Before the first slice: several that begin at once could each take others.
            if (tracker.Run.Slices.Any(slice => slice.State != RunState.Completed))
                await pin();
            await WorkAsync(plan);
        }
        catch (StageException error) when (error.Failure.Reason != FailureReasons.Fenced)
        {
            // Fenced: another machine has taken the run over, and they are left to it.
            await StopAllAsync();
            throw;
        }

        if (_failure is not null)
            throw new StageException(_failure);
        stop.Drain.ThrowIfCancellationRequested();
        tracker.SlicesCompleted(time.GetElapsedTime(began));
    }

    private async Task WorkAsync(PartitionPlan plan)
    {
        var next = new Queue<int>(tracker.Run.Slices.Index().Where(slice => slice.Item.State != RunState.Completed).Select(slice => slice.Index));
        var stopping = Task.Delay(Timeout.Infinite, stop.Drain);
        while (true)
        {
            stop.Abort.ThrowIfCancellationRequested();
            requireOwner();
            while (!IsStopping && next.Count > 0 && _open.Count < await workers.CapacityAsync(stop.Abort))
                Advance(next.Dequeue(), 0);
            if (_open.Count == 0)
                break;
            await Task.WhenAny([.. _open.Values, stopping]);
            if (stopping.IsCompleted)
            {
                // This machine stops. The one that takes the run over asks for the slices, whatever their state is by then.
                if (stop.Reason == StopReason.Interrupt && workers.HasOtherMachines)
                    break;
                stopping = Task.Delay(Timeout.Infinite, stop.Abort);
                await StopAllAsync();
            }

            var reports = new Dictionary<int, SliceReport>();
            foreach (var (slice, report) in _open.Where(one => one.Value.IsCompleted))
                reports[slice] = await report;
            tracker.SlicesChanged(reports, plan);
            foreach (var (slice, report) in reports)
                await TakeAsync(slice, plan.Slices[slice], report);
        }
    }

    private bool IsStopping => _failure is not null || stop.Reason is not null;

    private PartitionPlan LoadOrMake(int lanes)
    {
        var run = tracker.Run;
        var catalog = InputCatalog.Read(run.Input, folder, roots);
        if (PartitionPlan.Load(folder) is { } planned)
        {
            catalog.RequireSame([.. planned.Slices.SelectMany(slice => slice.Files).DistinctBy(file => file.Path).Select(file => file.ToContract())]);
            return planned;
        }

        var plan = PartitionPlan.Make(catalog, run.Options.Partitions, lanes);
        return RunStore.Write("the run's plan", () => plan.Save(folder));
    }

    private void Advance(int slice, long seen) => _open[slice] = workers.AdvanceAsync(tracker.Run.Id, slice, seen, stop.Abort);

    private async Task TakeAsync(int slice, RunSlice part, SliceReport report)
    {
        // What goes on stays open: where the run fails now, it is stopped with the others.
        if (!report.Run.State.IsActive())
            _open.Remove(slice);
        switch (report.Run.State)
        {
            case RunState.Completed:
                break;
            case RunState.Failed when !GoesOn(report.Run.Error?.Reason):
                await FailAsync(FailureOf(part, report));
                break;
            case var state when !state.IsActive() && IsStopping:
                break;
            default:
                // It was asked to stop on a machine that is lost, and has been started on another one since.
                if (IsStopping && report.Run.State != RunState.Draining)
                    await workers.StopAsync(tracker.Run.Id, slice, stop.Reason ?? StopReason.Interrupt);
                Advance(slice, report.Version);
                break;
        }
    }

    // Fenced: by an attempt of the run's former owner. No route: that machine lacks a stage, and the slice is placed on another one.
    private bool GoesOn(string? reason) =>
        reason == FailureReasons.Fenced || (reason == FailureReasons.NoRoute && workers.HasOtherMachines);

    private async Task FailAsync(Failure failure)
    {
        if (_failure is not null)
            return;
        _failure = failure;
        await StopAllAsync();
    }

    private Task StopAllAsync() =>
        Task.WhenAll(_open.Keys.Select(slice => workers.StopAsync(tracker.Run.Id, slice, stop.Reason ?? StopReason.Interrupt)));

    private static Failure FailureOf(RunSlice part, SliceReport report) => report.Run.Error is { } error
        ? new Failure
        {
            Reason = error.Reason,
            Message = $"{part}: {error.Message}",
            InstanceId = error.InstanceId,
            Role = error.Role,
        }
        : new Failure { Reason = FailureReasons.Internal, Message = $"{part}: it failed on {report.Machine} without a reason" };
}
