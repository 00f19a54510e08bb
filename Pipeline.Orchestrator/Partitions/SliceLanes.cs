using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Partitions;

/// <summary>Works on slices on this machine, as many at once as it has cores: each is a run over the same stages, so that Parse gets more of them.</summary>
/// <remarks>What is known of a slice lies in its folder, in the folder of the partitioned run: whoever opens that goes on from there.</remarks>
internal sealed class SliceLanes : ISliceWorkers, IHostedService
{
    private static readonly TimeSpan NewsInterval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// After so long without a question a slice stops. Whoever carries its run out asks every second: silence means that the run rests, or that its owner
    /// lost the slice. Longer than another machine needs to take a run over, and than a call to a lost machine is repeated.
    /// </summary>
    internal static readonly TimeSpan LongestUnasked = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<(string RunId, int Slice), Work> _work = new();
    // Held while a slice is opened from the storage, which may hang. Stopping needs _work only.
    private readonly Lock _opening = new();
    private readonly RunStore _store;
    private readonly Func<RunCoordinator> _coordinators;
    private readonly CoordinatorOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SliceLanes> _logger;
    private readonly RunTurns _turns;
    private readonly CancellationTokenRegistration _onStopping;
    private Task? _stopping;
    private bool _isStopping;

    /// <summary>The lanes of this process.</summary>
    /// <param name="partitioned">Where partitioned runs are stored.</param>
    /// <param name="coordinators">Makes a coordinator for each slice.</param>
    /// <param name="options">How runs are carried out.</param>
    /// <param name="lifetime">Of the orchestrator.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public SliceLanes(
        PartitionedStore partitioned, Func<RunCoordinator> coordinators, CoordinatorOptions options,
        IHostApplicationLifetime lifetime, TimeProvider time, ILogger<SliceLanes> logger)
    {
        (_store, _coordinators, _options, _time, _logger) = (partitioned.Store, coordinators, options, time, logger);
        _turns = new RunTurns(Lanes, _options.StopTimeout, time, logger);
        _onStopping = lifetime.ApplicationStopping.Register(() => _stopping = StopAllAsync());
    }

    /// <summary>Slices that are worked on at once.</summary>
    public int Lanes => _options.LanesOrCores;

    public bool HasOtherMachines => false;

    public ValueTask<int> LanesAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Lanes);

    public ValueTask<int> CapacityAsync(CancellationToken cancellationToken) => LanesAsync(cancellationToken);

    public async Task<SliceReport> AdvanceAsync(string runId, int slice, long seen, CancellationToken cancellationToken)
    {
        var work = Find(runId, slice, seen);
        work.Asked = _time.GetTimestamp();
        var (report, superseded) = work.Observe();
        if (report.Version == seen)
        {
            // A timeout is no news.
            await superseded.WaitAsync(NewsInterval, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            (report, _) = work.Observe();
        }

        if (!report.Run.State.IsActive())
            _work.TryRemove(KeyValuePair.Create((runId, slice), work));
        return report;
    }

    public Task StopAsync(string runId, int slice, StopReason reason)
    {
        if (_work.TryGetValue((runId, slice), out var work))
            work.Stop(reason);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _onStopping.DisposeAsync();
        await (_stopping ?? StopAllAsync());
    }

    /// <summary>The partitioned runs of which a slice that is worked on here is as described.</summary>
    public IEnumerable<string> RunsWith(Func<Run, bool> slice) =>
        _work.Where(one => slice(one.Value.Run.Current.Value)).Select(one => one.Key.RunId).Distinct();

    /// <summary>Has slices that are worked on here go on with another implementation of a role.</summary>
    /// <param name="implementation">The other one.</param>
    /// <param name="isReplaced">Whether a run, by its id, is to go on with it.</param>
    public void Replace(Implementation implementation, Func<string, bool> isReplaced)
    {
        // Slices that are opened later read the pins of the stored run.
        lock (_opening)
        {
            foreach (var (_, work) in _work.Where(one => isReplaced(one.Key.RunId)))
                RunPins.Replace(work.Run, implementation, _options);
        }
    }

    private Work Find(string runId, int slice, long seen)
    {
        // A new caller (seen = 0) starts it again where earlier work on it has ended; how that ended concerns the earlier caller only.
        bool IsKnown([NotNullWhen(true)] out Work? known) =>
            _work.TryGetValue((runId, slice), out known) && (seen != 0 || known.Run.Current.Value.State.IsActive());

        if (IsKnown(out var work))
            return work;
        lock (_opening)
        {
            if (IsKnown(out work))
                return work;
            var folder = RunOptionsMapping.SliceFolder(_store.FolderOf(runId), slice);
            var run = Load(runId, slice, folder);
            work = new Work(run) { Asked = _time.GetTimestamp() };
            if (!run.State.IsActive())
                return work;
            lock (_work)
            {
                if (_isStopping)
                    throw new OperationCanceledException("The orchestrator is stopping.");
                _work[(runId, slice)] = work;
                work.Ending = Task.Run(() => WorkAsync((runId, slice), work, folder));
            }

            return work;
        }
    }

    // The run as stored in the slice's folder, to be continued; a new one where there is none; a failed one where neither can be read or written.
    private Run Load(string runId, int slice, string folder)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{runId}.{slice:0000}");
        var now = _time.GetUtcNow();
        var blank = new Run { Id = id, Created = now, Updated = now, Options = new RunSettings(), Input = "", Output = "" };
        try
        {
            var stored = RunStore.Load(folder);
            if (stored?.State == RunState.Completed)
                return stored;
            var whole = RunStore.Load(_store.FolderOf(runId)) ?? throw new IOException($"there is no run in {_store.FolderOf(runId)}");
            if (stored is not null)
            {
                // The pins of the whole run count: it may have been resumed with others.
                var pins = RunPins.Overlay(stored.Implementations, whole.Implementations);
                return stored.AtRest() with { State = RunState.Pending, Ended = null, Implementations = pins, UpgradeAllowed = whole.UpgradeAllowed };
            }

            var plan = PartitionPlan.Load(_store.FolderOf(runId)) ?? throw new IOException($"there is no plan in {_store.FolderOf(runId)}");
            var run = blank with
            {
                UpgradeAllowed = whole.UpgradeAllowed,
                Options = whole.Options with { Partitions = RunDefaults.Partitions },
                Input = whole.Input,
                Output = Path.Combine(folder, "partial"),
                MayReplace = true,
                Slice = plan.Slices[slice],
                Implementations = whole.Implementations,
            };
            _store.Save(folder, run);
            return run;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException or StageException)
        {
            var failure = new RunError(FailureReasons.StoreUnwritable, $"its folder cannot be used: {error.Message}");
            return blank with { State = RunState.Failed, Error = failure };
        }
    }

    private async Task WorkAsync((string RunId, int Slice) key, Work work, string folder)
    {
        Action<Run> save = run => Save(folder, run);
        var tracker = new RunTracker(work.Run, save, run => RunStore.TrySave(run, save, _logger), new SpeedSeries([]), _time);
        var working = _turns.WorkAsync(tracker, work.Signal, () => _coordinators().RunAsync(tracker, folder, work.Signal));
        var left = LongestUnasked;
        while (!working.IsCompleted)
        {
            // The work never fails: a timeout is all that can be thrown.
            await working.WaitAsync(left, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            left = LongestUnasked - _time.GetElapsedTime(work.Asked);
            if (left > TimeSpan.Zero)
                continue;
            work.Stop(StopReason.Interrupt);
            left = LongestUnasked;
        }

        if (_time.GetElapsedTime(work.Asked) >= LongestUnasked)
            _work.TryRemove(KeyValuePair.Create(key, work));
    }

    // Refused where another machine has begun a later attempt: its state stays.
    private void Save(string folder, Run run)
    {
        if (RunStore.Read("the slice's state", () => RunStore.Load(folder))?.Attempts > run.Attempts)
            throw new StageException(FailureReasons.Fenced, "another machine of the cluster works on this slice now");
        _store.Save(folder, run);
    }

    private async Task StopAllAsync()
    {
        Work[] open;
        lock (_work)
        {
            _isStopping = true;
            open = [.. _work.Values];
            foreach (var work in open)
                work.Stop(StopReason.Interrupt);
        }

        await _turns.EndAsync([.. open.Select(work => work.Signal)], Task.WhenAll(open.Select(work => work.Ending)));
    }

    /// <summary>A slice that is worked on here.</summary>
    private sealed class Work(Run run)
    {
        private readonly Lock _lock = new();
        private Run? _told;
        private long _version;

        public Observable<Run> Run { get; } = new(run);

        public StopSignal Signal { get; } = new();

        public Task Ending { get; set; } = Task.CompletedTask;

        /// <summary>When somebody last asked how far it is.</summary>
        public long Asked { get; set; }

        /// <summary>How far it is, and a task that ends when there is news.</summary>
        public (SliceReport Report, Task Superseded) Observe()
        {
            lock (_lock)
            {
                var observed = Run.Current;
                // Random: a version that a caller has seen on one machine must not match one of another machine.
                if (!ReferenceEquals(observed.Value, _told))
                    (_told, _version) = (observed.Value, Random.Shared.NextInt64(1, long.MaxValue));
                return (new SliceReport(_version, Environment.MachineName, observed.Value), observed.Superseded);
            }
        }

        public void Stop(StopReason reason)
        {
            Signal.Request(reason);
            Run.Change(now => now.State.IsActive() ? now with { State = RunState.Draining } : now);
        }
    }
}
