using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Files;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Cluster;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Orchestrator.Runs;

/// <summary>A request that a run's state does not allow.</summary>
internal sealed class RunConflictException(string message) : Exception(message);

/// <summary>All runs: those stored, and those that are worked on.</summary>
/// <remarks>
/// A start lists the runs of former orchestrators and marks as interrupted what was active. It resumes none by itself: it is not known
/// whether its user has gone on otherwise, and a run that takes its orchestrator down would do so for ever.
/// </remarks>
internal sealed partial class RunService : IHostedService, IPartitionedRuns, IActiveRuns
{
    // Order of locks: RunEntry.Requests, _claiming, _lock. Storage, which may hang, is used under the first two only: _lock is taken to begin
    // any run, and to stop all of them.
    private readonly Lock _claiming = new();
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, RunEntry> _runs = new();
    private readonly RunStore _store;
    private readonly ISliceWorkers _slices;
    private readonly SliceLanes _lanes;
    private readonly OutputClaims _claims;
    private readonly Func<RunCoordinator> _coordinators;
    private readonly CoordinatorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RunService> _logger;
    private readonly RunTurns _turns;
    private readonly bool _isRooted;
    private readonly IReadOnlyList<string> _roots;
    private readonly CancellationTokenRegistration _onStopping;
    private readonly Observable<long> _changes = new(0);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _stopping;
    private bool _isStopping;

    public RunService(
        RunStore store, PartitionedStore partitioned, ISliceWorkers slices, SliceLanes lanes, Func<RunCoordinator> coordinators,
        CoordinatorOptions options, IHostApplicationLifetime lifetime, IConfiguration configuration, TimeProvider time,
        ILogger<RunService> logger, IClusteredRuns? cluster = null)
    {
        _store = store;
        _partitioned = partitioned;
        _cluster = cluster;
        _slices = slices;
        _lanes = lanes;
        _claims = new OutputClaims([.. store.Own, partitioned.Store.Root, .. IdentityIn(partitioned.Folder)], List);
        _coordinators = coordinators;
        _time = time;
        _logger = logger;
        _options = options;
        _turns = new RunTurns(_options.MaxActiveRuns, _options.StopTimeout, time, logger);
        // The AppHost gives it the roots of the stages, which have the last word on them.
        _isRooted = configuration[RootedPath.RootsVariable] is not null;
        _roots = RootedPath.RootsOf(name => configuration[name]);
        // At once and not when the server has stopped: it waits for the streams of events, which end with their runs.
        _onStopping = lifetime.ApplicationStopping.Register(() => _stopping = StopRunsAsync());
    }

    private static string[] IdentityIn(string? storage) => storage is null ? [] : [Path.Combine(storage, StorageIdentity.FileName)];

    /// <summary>All runs, newest first.</summary>
    public IReadOnlyList<Run> List() =>
        [.. _runs.Values.Select(entry => entry.Run.Current.Value)
            .OrderByDescending(run => run.Created).ThenByDescending(run => run.Id, StringComparer.Ordinal)];

    /// <summary>Counts the changes of all runs.</summary>
    public Observable<long> Changes => _changes;

    /// <summary>Ends once the orchestrator stops and the runs that it carries out rest.</summary>
    public Task Stopped => _stopped.Task;

    /// <summary>Lines read over time of a run.</summary>
    public IReadOnlyList<SpeedPoint> SpeedOf(string id) => _runs.TryGetValue(id, out var entry) ? entry.Speed?.Points ?? entry.Store.LoadSpeed(id) : [];

    /// <summary>A run to look at and to follow.</summary>
    public bool TryGet(string id, [NotNullWhen(true)] out Observable<Run>? run)
    {
        run = _runs.GetValueOrDefault(id)?.Run;
        return run is not null;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var stored in _store.LoadAll())
        {
            var entry = _runs[stored.Id] = NewEntry(stored, _store);
            if (stored.State.IsActive() && !IsClustered(entry))
            {
                Store(entry, entry.Run.Change(Interrupted));
                RunLog.Interrupted(_logger, stored.Id);
            }

            if (stored is { State: RunState.Completed, Slices.Count: > 0 })
                DeleteSlices(entry);
        }

        return Task.CompletedTask;
    }

    private Run Interrupted(Run run)
    {
        var now = _time.GetUtcNow();
        return run.AtRest() with { State = RunState.Interrupted, Updated = now, Ended = now };
    }

    /// <summary>Checks that a run could be created now. Stores nothing, and reserves nothing.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <returns>Whether it may replace files that stand where its results and rejects go.</returns>
    /// <exception cref="RunConflictException">As <see cref="Create"/>.</exception>
    public bool RequireCreatable(RunSettings settings)
    {
        lock (_claiming)
        {
            RefuseWhileStopping();
            var replaces = settings.Output is { } output && _claims.Claim(RootedPath.MakeAbsolute(output), settings, resumed: null);
            RequireShared(settings);
            RequireRooted(settings);
            _claims.RequireApart(settings.Input!);
            return replaces;
        }
    }

    private void RequireRooted(RunSettings settings)
    {
        if (!_isRooted)
            return;
        try
        {
            RootedPath.Require(settings.Input!, _roots, "input");
            if (settings.Output is { } output)
                RootedPath.Require(output, _roots, "output");
        }
        catch (StageException error)
        {
            throw new RunConflictException(error.Message);
        }
    }

    /// <summary>Stores a new run and starts it.</summary>
    /// <param name="settings">Checked settings.</param>
    /// <exception cref="RunConflictException">
    /// The output is in use or may not be replaced, a path lies below none of the roots, or the orchestrator stops.
    /// </exception>
    /// <exception cref="StageException">It cannot be stored.</exception>
    public Run Create(RunSettings settings)
    {
        lock (_claiming)
        {
            var replaces = RequireCreatable(settings);
            var now = _time.GetUtcNow();
            var store = StoreOf(settings);
            var id = store.CreateFolder(now);
            var run = new Run
            {
                Id = id,
                Created = now,
                Updated = now,
                Options = settings,
                Input = RootedPath.MakeAbsolute(settings.Input!),
                Output = settings.Output is { } output ? RootedPath.MakeAbsolute(output) : Path.Combine(store.FolderOf(id), RunDefaults.OutputName),
                MayReplace = replaces,
            };
            var entry = NewEntry(run, store);
            entry.Save(run);
            // No other thread has this entry yet, so its lock is free. Refresh may have read the run from the shared storage and added one of its own.
            lock (entry.Requests)
                BeginOrAsk(_runs.GetOrAdd(id, entry));

            // The list has changed, although the run itself may not change while it waits for its turn.
            _changes.Change(count => count + 1);
            return run;
        }
    }

    private RunEntry NewEntry(Run run, RunStore store) => new(store, new Observable<Run>(run, () => _changes.Change(count => count + 1)));

    /// <summary>Drains an active run to a checkpoint, to be paused there.</summary>
    /// <exception cref="RunConflictException">It is not active.</exception>
    /// <exception cref="StageException">The shared storage cannot be used, or the machine that carries it out does not answer.</exception>
    public Task<Run> PauseAsync(string id) => RequestStopAsync(id, StopReason.Pause);

    /// <summary>Drains an active run to a checkpoint, and gives it up; one that rests is given up at once.</summary>
    /// <exception cref="RunConflictException">It is completed or cancelled, or another machine has just changed it.</exception>
    /// <exception cref="StageException">It cannot be stored, or the machine that carries it out does not answer.</exception>
    public Task<Run> CancelAsync(string id) => RequestStopAsync(id, StopReason.Cancel);

    /// <summary>Goes on with a run that rests or, where other implementations are allowed, waits for those that it began with.</summary>
    /// <exception cref="RunConflictException">It is active or completed, or its output is taken.</exception>
    /// <exception cref="StageException">It cannot be stored.</exception>
    public Run Resume(string id, bool allowUpgrade = false)
    {
        var entry = EntryOf(id);
        lock (entry.Requests)
        {
            var (run, claims) = Latest(entry);
            if (allowUpgrade && run.State.IsActive() && run.Options.Partitions != 1)
                throw new RunConflictException($"run {id} is active and works on slices: pause it, then resume it with this option");
            // The cluster carries it out already: there is nothing to resume.
            if (run.State.IsActive() && IsClustered(entry))
                return run;
            if (run.Options.Partitions != 1 && entry.Store != _partitioned.Store)
                throw new RunConflictException($"run {id} lies in this machine's own storage: resume it without Cluster:Storage, or start it anew");
            // One that drains has no further attempt: it is refused below.
            if (allowUpgrade && run.State.IsActive() && run.State != RunState.Draining)
            {
                run = entry.Run.Change(now => now.State.IsActive() ? now with { UpgradeAllowed = true } : now);
                entry.Save(run);
                return run;
            }

            if (!run.State.IsResumable())
                throw new RunConflictException($"run {id} is {run.State.ToText()} and cannot be resumed");
            lock (_claiming)
            {
                RefuseWhileStopping();
                var replaces = run.Options.Output is not null && _claims.Claim(run.Output, run.Options, resumed: run);
                var owner = ClaimAtRest(entry, run, claims);
                var now = _time.GetUtcNow();
                entry.Reopen();
                entry.Save(Pending(run), owner);
                run = entry.Run.Change(Pending);
                BeginOrAsk(entry);
                return run;

                Run Pending(Run former) => former.AfterProgress() with
                {
                    State = RunState.Pending,
                    StopRequested = null,
                    Updated = now,
                    Ended = null,
                    // Holds until the next attempt begins: a client that follows the run resumes it without this option when the orchestrator has died before.
                    UpgradeAllowed = allowUpgrade || former.UpgradeAllowed,
                    MayReplace = replaces,
                };
            }
        }
    }

    /// <summary>Deletes a run that rests, with all that is in its folder: results and rejects that have no place of their own, too.</summary>
    /// <exception cref="RunConflictException">It is active, or lies in the storage that the machines of a cluster share.</exception>
    /// <exception cref="StageException">It cannot be deleted.</exception>
    public void Delete(string id)
    {
        var entry = EntryOf(id);
        lock (entry.Requests)
        {
            var (run, _) = Latest(entry);
            if (run.State.IsActive())
                throw new RunConflictException($"run {id} is {run.State.ToText()}: cancel it, then delete it");
            if (!entry.Work.Wait(WorkerPatience))
                throw new RunConflictException($"run {id} is {run.State.ToText()}, but its worker has not ended: try again");
            // The others know it, too, and would go on showing it.
            if (IsClustered(entry))
            {
                throw new RunConflictException(
                    $"run {id} is known to all machines of the cluster: delete {entry.Store.FolderOf(id)} while their orchestrators are down");
            }

            entry.Store.Delete(id);
            _runs.TryRemove(id, out _);
        }

        RunLog.Deleted(_logger, id);
        _changes.Change(count => count + 1);
    }

    // A request may have been on its way while another one deleted the run.
    private RunEntry EntryOf(string id) => _runs.GetValueOrDefault(id) ?? throw Gone(id);

    private static RunConflictException Gone(string id) => new($"run {id} was deleted");

    /// <summary>The active runs of which an attempt goes through an instance now, be it at a slice that is worked on here.</summary>
    public IReadOnlyList<string> Through(Instance instance)
    {
        // Instances of other machines may have the same ids.
        var here = _runs.Values.Where(entry => !IsElsewhere(entry)).Select(entry => entry.Run.Current.Value);
        return [.. here.Where(IsThrough).Select(run => run.Id).Union(_lanes.RunsWith(IsThrough))];

        bool IsThrough(Run run) =>
            run.State.IsActive() && run.History is [.., { Outcome: AttemptRecord.Running } last] && last.Route.Contains(instance.InstanceId);
    }

    /// <summary>
    /// Has active runs go on with another implementation of a role: those that go through others drain to a checkpoint first. A run stores
    /// it with its next attempt, before it reads anything; one in slices at once, for those that begin later.
    /// </summary>
    /// <returns>The runs that were not to keep to it before.</returns>
    public IReadOnlyList<Run> Replace(Implementation implementation)
    {
        var replaced = new List<Run>();
        foreach (var entry in _runs.Values.Where(entry => !IsElsewhere(entry)))
        {
            if (!RunPins.Replace(entry.Run, implementation, _options))
                continue;
            var run = entry.Run.Current.Value;
            RunLog.Replaces(_logger, run.Id, implementation.Role, implementation.ToString());
            replaced.Add(run);
        }

        // Stored once all pins are changed: the storage may hang.
        foreach (var run in replaced.Where(run => run.Slices.Count > 0))
            Store(_runs[run.Id], run);
        // After the whole runs: slices that are opened from now on take the pins from there.
        // A slice of a run that another machine carries out keeps to the pins of that run, which are not changed here.
        _lanes.Replace(implementation, runId => _runs.TryGetValue(runId, out var entry) && !IsElsewhere(entry));
        return replaced;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _onStopping.DisposeAsync();
        await (_stopping ?? StopRunsAsync());
    }

    private async Task<Run> RequestStopAsync(string id, StopReason reason)
    {
        var entry = EntryOf(id);
        Run run;
        lock (entry.Requests)
        {
            (run, var claims) = Latest(entry);
            if (!run.State.IsActive())
            {
                if (reason != StopReason.Cancel || !run.State.IsCancellable())
                    throw new RunConflictException($"run {id} is {run.State.ToText()}");
                return CancelAtRest(entry, run, claims);
            }

            if (!IsElsewhere(entry))
                return RequestStop(entry, reason);
        }

        await StopElsewhereAsync(id, reason);
        lock (entry.Requests)
            return Latest(entry).Run;
    }

    // Of a run that came to rest before the request reached it.
    private Run CancelAtRest(RunEntry entry)
    {
        var (run, claims) = Latest(entry);
        return run.State.IsResumable() && run.State != RunState.Cancelled ? CancelAtRest(entry, run, claims) : run;
    }

    private Run CancelAtRest(RunEntry entry, Run run, long claims)
    {
        var owner = ClaimAtRest(entry, run, claims);
        var updated = _time.GetUtcNow();
        entry.Save(Cancelled(run), owner);
        return entry.Run.Change(Cancelled);

        Run Cancelled(Run former) => former with { State = RunState.Cancelled, Updated = updated };
    }

    // In a cluster it is stored before it is answered, so that a machine that takes the run over after a crash stops it.
    private Run RequestStop(RunEntry entry, StopReason reason)
    {
        entry.Stop.Request(reason);
        var run = entry.Run.Change(
            now => now.State.IsActive() ? now with { State = RunState.Draining, StopRequested = RunCoordinator.RestOf(entry.Stop) } : now);
        if (IsClustered(entry))
            Store(entry, run);
        return reason == StopReason.Cancel && !run.State.IsActive() ? CancelAtRest(entry) : run;
    }

    private void Begin(RunEntry entry)
    {
        // A resting state is told a moment before its worker is done.
        lock (_lock)
        {
            var former = entry.Work;
            var stop = new StopSignal();
            // It ends at once, as interrupted.
            if (_isStopping)
                stop.Request(StopReason.Interrupt);
            entry.Stop = stop;
            entry.Work = Task.Run(async () =>
            {
                await former;
                await WorkAsync(entry, stop);
            });
        }
    }

    private async Task WorkAsync(RunEntry entry, StopSignal stop)
    {
        var id = entry.Run.Current.Value.Id;
        var speed = entry.Speed = new SpeedSeries(entry.Store.LoadSpeed(id));
        var tracker = new RunTracker(entry.Run, run => entry.Save(run), run => StoreWithSpeed(entry, run), speed, _time);
        await _turns.WorkAsync(tracker, stop, () => RunAsync(entry, tracker, stop));
        entry.Speed = null;
        entry.Owner = null;
    }

    private async Task RunAsync(RunEntry entry, RunTracker tracker, StopSignal stop)
    {
        var folder = entry.Store.FolderOf(tracker.Run.Id);
        if (tracker.Run.Options.Partitions == 1)
        {
            await _coordinators().RunAsync(tracker, folder, stop);
            return;
        }

        var owner = entry.Owner;
        var partitioned = new PartitionedRun(_slices, _roots, tracker, folder, stop, () => RunEntry.Require(owner), _time);
        await _coordinators().RunAsync(tracker, folder, stop, partitioned.RunSlicesAsync, failure => FailureToReportAsync(entry, owner, failure));
        if (tracker.Run.State == RunState.Completed)
            DeleteSlices(entry);
    }

    private void DeleteSlices(RunEntry entry)
    {
        var folder = entry.Store.FolderOf(entry.Run.Current.Value.Id);
        var slices = RunOptionsMapping.SlicesFolder(folder);
        try
        {
            // Kept where the completion could not be stored, or another machine carries the run out.
            if (Directory.Exists(slices) && RunStore.Load(folder)?.State == RunState.Completed)
                Directory.Delete(slices, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another machine has deleted them.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            RunLog.SlicesLeft(_logger, entry.Run.Current.Value.Id, error.Message);
        }
    }

    private void StoreWithSpeed(RunEntry entry, Run run)
    {
        Store(entry, run);
        if (entry.Speed is { } speed)
            entry.Store.SaveSpeed(run.Id, speed.Points);
    }

    private void RefuseWhileStopping()
    {
        if (_isStopping)
            throw new RunConflictException("the orchestrator is stopping");
    }

    private void Store(RunEntry entry, Run run) => RunStore.TrySave(run, state => entry.Save(state), _logger);

    private async Task StopRunsAsync()
    {
        StopSignal[] stops;
        Task work;
        lock (_lock)
        {
            _isStopping = true;
            stops = [.. _runs.Values.Where(entry => entry.Run.Current.Value.State.IsActive()).Select(entry => entry.Stop)];
            // All: the worker of a run that has completed may still be deleting its slices.
            work = Task.WhenAll(_runs.Values.Select(entry => entry.Work));
        }

        foreach (var stop in stops)
            stop.Request(StopReason.Interrupt);
        await _turns.EndAsync(stops, work);
        _stopped.TrySetResult();
    }
}
