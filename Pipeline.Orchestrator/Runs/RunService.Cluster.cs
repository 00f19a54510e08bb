using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Cluster;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Where partitioned runs are stored.</summary>
/// <param name="Store">The store.</param>
/// <param name="Folder">The storage that all machines of a cluster share; null = there is none, and the store is that of all runs.</param>
internal sealed record PartitionedStore(RunStore Store, string? Folder);

/// <summary>
/// The partitioned runs of a cluster. Their state is what their folders in the shared storage say: one machine carries out a run and writes it,
/// the others read it, and one of them goes on with it when the first is lost.
/// </summary>
internal sealed partial class RunService
{
    // After so long the owner of a completed run has deleted its slices, or died before it could.
    private static readonly TimeSpan SlicesLeftAfter = TimeSpan.FromMinutes(2);

    // A worker whose run rests has only log lines left to write: it takes longer only where logging blocks.
    private static readonly TimeSpan WorkerPatience = TimeSpan.FromSeconds(10);
    private readonly PartitionedStore _partitioned;
    private readonly Lock _refreshing = new();

    // Completed runs whose slices may still be there. Used under _refreshing.
    private readonly HashSet<string> _withSlices = [];
    private readonly IClusteredRuns? _cluster;

    IReadOnlyList<string> IActiveRuns.List() =>
        [.. _runs.Values.Where(IsClustered).Select(entry => entry.Run.Current.Value).Where(run => run.State.IsActive()).Select(run => run.Id)];

    /// <summary>Reads what other machines have stored.</summary>
    /// <exception cref="IOException">The shared storage cannot be read.</exception>
    public void Refresh()
    {
        lock (_refreshing)
        {
            var changed = _partitioned.Store.LoadChanged(id => !_runs.TryGetValue(id, out var entry) || IsElsewhere(entry));
            foreach (var stored in changed.Where(run => run.Options.Partitions != 1))
            {
                var entry = _runs.GetOrAdd(stored.Id, _ => NewEntry(stored, _partitioned.Store));
                lock (entry.Requests)
                {
                    // A request may have changed it here since it was read.
                    var latest = entry.Run.Current.Value.State == stored.State ? stored : _partitioned.Store.TryLoad(stored.Id);
                    if (!entry.IsWorkedOn && latest is not null)
                        entry.Run.Change(_ => latest);
                }
            }

            // A completed run does not change any more: it is looked at again when its owner has had the time.
            _withSlices.UnionWith(changed.Where(run => run is { State: RunState.Completed, Slices.Count: > 0 }).Select(run => run.Id));
            foreach (var left in _withSlices.Where(id => _time.GetUtcNow() - _runs[id].Run.Current.Value.Ended > SlicesLeftAfter).ToList())
            {
                _withSlices.Remove(left);
                // Thousands of folders, on a network file system, take longer than another machine may need to take a run over.
                _ = Task.Run(() => DeleteSlices(_runs[left]));
            }
        }
    }

    public Task EnsureAsync(string runId)
    {
        _ = Ensure(runId);
        return Task.CompletedTask;
    }

    public Task StopAsync(string runId, StopReason reason)
    {
        if (Ensure(runId) is { } entry)
        {
            lock (entry.Requests)
                RequestStop(entry, reason);
        }
        else if (reason == StopReason.Cancel && _runs.TryGetValue(runId, out entry))
        {
            lock (entry.Requests)
                CancelAtRest(entry);
        }

        return Task.CompletedTask;
    }

    private bool IsClustered(RunEntry entry) =>
        _cluster is not null && entry.Store == _partitioned.Store && entry.Run.Current.Value.Options.Partitions != 1;

    // Whether another machine may be carrying it out: what is known of it here is what is stored.
    private bool IsElsewhere(RunEntry entry) => IsClustered(entry) && !entry.IsWorkedOn;

    private RunStore StoreOf(RunSettings settings) => settings.Partitions == 1 ? _store : _partitioned.Store;

    private RunEntry? Ensure(string runId)
    {
        var folder = _partitioned.Store.FolderOf(runId);
        if (!_runs.TryGetValue(runId, out var entry))
        {
            if (RunStore.Load(folder) is not { } unknown)
                return null;
            entry = _runs.GetOrAdd(runId, _ => NewEntry(unknown, _partitioned.Store));
        }

        lock (entry.Requests)
        {
            if (entry.IsWorkedOn)
                return entry;
            // It is asked again, and by then on another machine.
            if (_isStopping)
                throw new OperationCanceledException("The orchestrator is stopping.");
            if (RunStore.Load(folder) is not { } known || !known.State.IsActive())
                return null;
            var owner = OwnerClaim.Take(folder);
            // Read again: until the claim, its former owner may have stored more.
            if (RunStore.Load(folder) is not { } stored || !stored.State.IsActive())
                return null;
            entry.Owner = owner;
            entry.Reopen();
            if (AtRest(stored) is { } rest)
            {
                Store(entry, entry.Run.Change(_ => rest));
                RunLog.Rests(_logger, runId, rest.State.ToText(), rest.Attempts, rest.Error is { } error ? $": {error.Message}" : "");
                entry.Owner = null;
                return null;
            }

            Store(entry, entry.Run.Change(_ => stored.AtRest() with { State = RunState.Pending, Takeovers = stored.Takeovers + 1 }));
            Begin(entry);
            return entry;
        }
    }

    // A run that is not to go on, with its slices at their last checkpoints; null where it is.
    private Run? AtRest(Run stored)
    {
        var rest = stored.AtRest() with { Ended = _time.GetUtcNow() };
        // The machine that drained it was lost.
        if (stored.StopRequested is { } state)
            return rest with { State = state };
        // The run itself may be what ends its orchestrators.
        return stored.Takeovers < _options.MaxFruitlessAttempts ? null : rest with
        {
            State = RunState.Failed,
            Error = new RunError(
                FailureReasons.NoProgress,
                $"{stored.Takeovers} times in a row the orchestrator that carried it out ended before the run had got further: "
                    + "their logs tell why; resume it after the repair"),
        };
    }

    // The failure to report for the one that ended a run; null where another machine has taken the run over.
    private async Task<Failure?> FailureToReportAsync(RunEntry entry, OwnerClaim? owner, Failure failure)
    {
        if (owner is null)
            return failure;
        if (failure.Reason == FailureReasons.NoRoute)
            await HandOverAsync(entry);
        try
        {
            RunEntry.Require(owner);
        }
        catch (StageException error) when (error.Failure.Reason == FailureReasons.Fenced)
        {
            if (entry.Stop.Reason is (StopReason.Pause or StopReason.Cancel) and { } reason)
                await PassOnAsync(entry, reason);
            // What its present owner stores is read with the next look, as of any run of another machine.
            entry.Run.Change(now => now.AtRest() with { State = RunState.Pending });
            return null;
        }
        catch (StageException)
        {
            // The storage cannot be read: not known, so the failure stands.
        }

        return failure.Reason == FailureReasons.NoRoute
            ? new Failure(failure) { Message = $"on machine {Environment.MachineName}: {failure.Message}" }
            : failure;
    }

    // The other machines may have what this one lacks.
    private async Task HandOverAsync(RunEntry entry)
    {
        // The takeover that follows is no loss of an owner. Each machine tries once.
        var run = entry.Run.Change(now => now with { Takeovers = now.Takeovers - 1, WithoutRoute = [.. now.WithoutRoute, Environment.MachineName] });
        Store(entry, run);
        await TryAsync(() => _cluster!.HandOverAsync(run.Id, run.WithoutRoute), error => RunLog.NotHandedOver(_logger, run.Id, error));
    }

    // A request that was answered here after the other machine had read the run.
    private Task PassOnAsync(RunEntry entry, StopReason reason)
    {
        var id = entry.Run.Current.Value.Id;
        return TryAsync(() => StopElsewhereAsync(id, reason), error => RunLog.NotPassedOn(_logger, id, reason, error));
    }

    private static async Task TryAsync(Func<Task> request, Action<string> failed)
    {
        try
        {
            await request();
        }
        catch (Exception error)
        {
            failed(error.Message);
        }
    }

    private async Task StopElsewhereAsync(string id, StopReason reason)
    {
        try
        {
            await _cluster!.StopAsync(id, reason);
        }
        catch (Exception error)
        {
            throw new StageException(
                FailureReasons.Unreachable, $"the machine that carries out run {id} could not be asked to stop it, try again: {error.Message}", inner: error);
        }
    }

    // Of a run that other machines write, what is stored now, since what was read here is up to a second old; and the highest claim before that.
    private (Run Run, long Claims) Latest(RunEntry entry)
    {
        var known = entry.Run.Current.Value;
        if (!_runs.ContainsKey(known.Id))
            throw Gone(known.Id);
        // The resting state is published shortly before the worker ends: until then the worker holds the claim, and no other can begin.
        if (IsClustered(entry) && known.State.IsResumable() && !entry.Work.Wait(WorkerPatience))
            throw new StageException(FailureReasons.Unreachable, $"run {known.Id} is {known.State.ToText()}, but its worker has not ended: try again");
        if (!IsElsewhere(entry))
            return (known, 0);
        var folder = entry.Store.FolderOf(known.Id);
        var (claims, stored) = RunStore.Read("the run's state", () => (OwnerClaim.Highest(folder), RunStore.Load(folder)));
        return (stored is null ? known : entry.Run.Change(_ => stored), claims);
    }

    // A resting run of a cluster is changed by whoever makes the claim that comes after the state that was read.
    private OwnerClaim? ClaimAtRest(RunEntry entry, Run run, long claims) => !IsElsewhere(entry)
        ? null
        : RunStore.Write("the claim of the run", () => OwnerClaim.TryTake(entry.Store.FolderOf(run.Id), claims + 1))
            ?? throw new RunConflictException($"another machine has just resumed or cancelled run {run.Id}: look at it, and try again");

    private void BeginOrAsk(RunEntry entry)
    {
        if (!IsClustered(entry))
        {
            Begin(entry);
            return;
        }

        var id = entry.Run.Current.Value.Id;
        // Where it fails, ActiveRunsWatch repeats it.
        _ = Task.Run(() => TryAsync(() => _cluster!.BeginAsync(id), error => RunLog.NotAsked(_logger, id, error)));
    }

    private void RequireShared(RunSettings settings)
    {
        if (settings.Partitions == 1 || _partitioned.Folder is not { } shared)
            return;
        foreach (var (name, path) in new[] { ("input", settings.Input), ("output", settings.Output) })
        {
            if (path is not null && !SameFile.IsUnder(RootedPath.Resolve(path), RootedPath.Resolve(shared)))
            {
                throw new RunConflictException(
                    $"{name} '{path}' does not lie in the storage that all machines share, '{shared}': copy it there, or use --partitions 1");
            }
        }
    }
}
