using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Partitions;

/// <summary>Two orchestrators with one storage, and a cluster that asks whichever of them a test names.</summary>
public sealed class ClusteredRunTests : FolderTests, IAsyncLifetime
{
    private readonly OneMachine _cluster = new();
    private ServedOrchestrator _first = null!;
    private ServedOrchestrator _second = null!;

    public async Task InitializeAsync()
    {
        Write("in.ndjson", "line 0\nline 1\n");
        (_first, _second) = (await StartAsync(), await StartAsync());
        _cluster.Machine = RunsOf(_first);
    }

    public async Task DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Fact]
    public async Task Pause_OnTheMachineThatDoesNotCarryItOut_PausesItOnTheOther()
    {
        var run = Create();
        var slice = (await _first.Stages.NextAsync()).Opens();
        RunsOf(_second).Refresh();

        await RunsOf(_second).PauseAsync(run.Id);
        await slice.DrainsAsync();
        await RestAsync(_first, run.Id, slice);

        await RefreshedAsync(_second, run.Id, RunState.Paused);
        Assert.True(_second.Stages.IsIdle);
    }

    [Fact]
    public async Task Stop_EventsOfARunOnTheOtherMachineAreFollowed_EndsThem()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();
        RunsOf(_second).Refresh();
        using var client = new RunsClient(_second.Client.BaseAddress!, ServedOrchestrator.Key);
        await using var events = client.FollowAsync(run.Id).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());

        await _second.StopAsync();

        while (await events.MoveNextAsync().AsTask().WaitAsync(Waiting.Limit))
            Assert.True(events.Current.Data.State.IsActive());
    }

    [Fact]
    public async Task Ensure_MachineLostWhileItDrained_RestsAsItWasAsked()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();
        await RunsOf(_first).CancelAsync(run.Id);

        // What is stored when the first machine is lost.
        await RunsOf(_second).EnsureAsync(run.Id);

        RunsOf(_second).Refresh();
        Assert.Equal(RunState.Cancelled, Find(_second, run.Id).State);
        Assert.Equal(RunState.Cancelled, Stored(run.Id).State);
        Assert.True(_second.Stages.IsIdle);
    }

    [Fact]
    public async Task Ensure_OnAnotherMachine_TheFirstStoresNothingAnyMore()
    {
        var run = Create();
        var lost = (await _first.Stages.NextAsync()).Opens();

        await RunsOf(_second).EnsureAsync(run.Id);
        await CompleteAsync(_second, run.Id);
        // It wakes up.
        lost.Fails("fenced", retryable: false);
        Assert.True(RunsOf(_first).TryGet(run.Id, out var told));
        using var limit = new CancellationTokenSource(Waiting.Limit);
        // It is no failure: the other machine goes on with it.
        Assert.Equal(RunState.Pending, await told.ReadAllAsync(limit.Token).Select(now => now.State)
            .FirstAsync(state => state is not (RunState.Running or RunState.Waiting), limit.Token));
        Assert.Equal(RunState.Completed, Stored(run.Id).State);
        await RefreshedAsync(_first, run.Id, RunState.Completed);
    }

    [Fact]
    public async Task Ensure_MachineLostDuringAnAttempt_ItsAttemptIsAbandoned()
    {
        var (run, _) = await MergingAsync();
        Assert.Equal(AttemptRecord.Running, Assert.Single(Stored(run.Id).History).Outcome);

        await RunsOf(_second).EnsureAsync(run.Id);

        await _second.Stages.NextAsync();
        Assert.Equal([AttemptRecord.Abandoned, AttemptRecord.Running], Stored(run.Id).History.Select(attempt => attempt.Outcome));
        Assert.NotNull(Stored(run.Id).History[0].Ended);
    }

    [Fact]
    public async Task Merge_NoRouteHereButOnAnotherMachine_GoesOnThere()
    {
        var (run, merge) = await MergingAsync();
        _cluster.HandOver = RunsOf(_second).EnsureAsync;

        merge.Fails(FailureReasons.NoRoute, retryable: false);

        (await _second.Stages.NextAsync()).Opens().Completes(lines: 2);
        await RestAsync(_second, run.Id);
        Assert.Equal(RunState.Completed, Stored(run.Id).State);
        await RefreshedAsync(_first, run.Id, RunState.Completed);
    }

    [Fact]
    public async Task Merge_NoRouteOnEachMachine_FailsOnTheLastAndCountsNoTakeover()
    {
        var (run, merge) = await MergingAsync();
        var takeovers = Stored(run.Id).Takeovers;
        _cluster.HandOver = RunsOf(_second).EnsureAsync;
        merge.Fails(FailureReasons.NoRoute, retryable: false);
        merge = (await _second.Stages.NextAsync()).Opens();
        Assert.Equal(takeovers, Stored(run.Id).Takeovers);
        Assert.Equal([Environment.MachineName], Stored(run.Id).WithoutRoute);
        _cluster.HandOver = null;

        merge.Fails(FailureReasons.NoRoute, retryable: false);

        await RestAsync(_second, run.Id);
        Assert.Equal((RunState.Failed, FailureReasons.NoRoute), (Stored(run.Id).State, Stored(run.Id).Error?.Reason));
        Assert.Equal(2, Stored(run.Id).WithoutRoute.Count);
        _cluster.Machine = RunsOf(_second);
        RunsOf(_second).Resume(run.Id);
        await _second.Stages.NextAsync();
        Assert.Empty(Stored(run.Id).WithoutRoute);
    }

    [Fact]
    public async Task Cancel_WhileTheRunIsHandedOver_StopsItOnTheOtherMachine()
    {
        var (run, merge) = await MergingAsync();
        var next = new TaskCompletionSource<FakeAttempt>();
        _cluster.HandOver = async id =>
        {
            await RunsOf(_second).EnsureAsync(id);
            next.SetResult((await _second.Stages.NextAsync()).Opens());
            _cluster.Machine = RunsOf(_second);
            await RunsOf(_first).CancelAsync(id);
        };

        merge.Fails(FailureReasons.NoRoute, retryable: false);

        var other = await next.Task.WaitAsync(Waiting.Limit);
        await other.DrainsAsync();
        await RestAsync(_second, run.Id);
        Assert.Equal(RunState.Cancelled, Stored(run.Id).State);
    }

    [Fact]
    public async Task Merge_NoRouteOnAnyMachine_FailsAndNamesTheMachine()
    {
        var (run, merge) = await MergingAsync();

        merge.Fails(FailureReasons.NoRoute, retryable: false);

        await RestAsync(_first, run.Id);
        Assert.Equal((RunState.Failed, FailureReasons.NoRoute), (Stored(run.Id).State, Stored(run.Id).Error?.Reason));
        Assert.StartsWith($"on machine {Environment.MachineName}: ", Stored(run.Id).Error?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Advance_MachineOfTheSliceLostDuringAnAttempt_ItsAttemptIsAbandoned()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();

        var report = await _second.Services.GetRequiredService<SliceLanes>().AdvanceAsync(run.Id, 0, 0, CancellationToken.None);

        Assert.Equal((1, AttemptRecord.Abandoned), (report.Run.History[0].Attempt, report.Run.History[0].Outcome));
    }

    [Fact]
    public async Task Advance_NobodyAsksForTheSliceAnyMore_ItRestsAtACheckpointAndGoesOnWhenItIsAskedFor()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();
        var time = new WatchedTime();
        await using var machine = await StartAsync(time: time);
        var lanes = machine.Services.GetRequiredService<SliceLanes>();
        var report = await lanes.AdvanceAsync(run.Id, 1, 0, CancellationToken.None);
        var unasked = await machine.Stages.NextAsync();
        // Until its figures have come: an attempt that is not open yet ends when the time passes.
        unasked.Opens().Reports("ingest-0", itemsIn: 7);
        while (report.Run.Stages.Count == 0)
            report = await lanes.AdvanceAsync(run.Id, 1, report.Version, CancellationToken.None);

        // What is left of a machine that was lost: the one that goes on with the run rests before it has asked.
        await time.LetPassAsync(SliceLanes.LongestUnasked);
        await unasked.DrainsAsync();

        // As the next owner asks.
        report = await lanes.AdvanceAsync(run.Id, 1, 0, CancellationToken.None);
        while (report.Run.State is RunState.Draining or RunState.Interrupted)
            report = await lanes.AdvanceAsync(run.Id, 1, report.Version, CancellationToken.None);
        (await machine.Stages.NextAsync()).Opens().Completes(lines: 1);
    }

    [Fact]
    public async Task Through_AttemptOnAnotherMachine_IsNotThroughTheInstanceOfTheSameName()
    {
        var (run, _) = await MergingAsync();
        RunsOf(_second).Refresh();
        Assert.Equal(AttemptRecord.Running, Find(_second, run.Id).History[^1].Outcome);
        var sink = _first.Registry.Current.Value.Instances["sink-0"];

        Assert.Equal([run.Id], RunsOf(_first).Through(sink));
        Assert.Empty(RunsOf(_second).Through(sink));
    }

    [Fact]
    public async Task Ensure_OwnersEndedBeforeItGotFurther_FailsAfterTenUntilItIsResumed()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();
        var folder = FolderOf(run.Id);
        Assert.Equal(1, Stored(run.Id).Takeovers);
        NewStore().Save(Stored(run.Id) with { Takeovers = 10 }, OwnerClaim.Take(folder).Number);

        await RunsOf(_second).EnsureAsync(run.Id);

        Assert.Equal((RunState.Failed, FailureReasons.NoProgress), (Stored(run.Id).State, Stored(run.Id).Error?.Reason));
        Assert.Contains("10 times in a row", Stored(run.Id).Error?.Message, StringComparison.Ordinal);
        _cluster.Machine = RunsOf(_second);
        RunsOf(_second).Resume(run.Id);
        await _second.Stages.NextAsync();
        Assert.Equal(1, Stored(run.Id).Takeovers);
    }

    [Fact]
    public async Task Replace_SliceOfARunThatTheOtherMachineCarriesOut_KeepsToThePinsOfTheRun()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();
        RunsOf(_second).Refresh();
        var lanes = _second.Services.GetRequiredService<SliceLanes>();
        await lanes.AdvanceAsync(run.Id, 1, 0, CancellationToken.None);
        var other = new Implementation("rules", "2.0", "csharp");

        Assert.Empty(RunsOf(_second).Replace(other));

        Assert.DoesNotContain(other, (await lanes.AdvanceAsync(run.Id, 1, 0, CancellationToken.None)).Run.Implementations);
    }

    [Fact]
    public async Task Resume_WhileItIsCarriedOut_TellsHowFarItIs()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();

        Assert.True(RunsOf(_first).Resume(run.Id).State.IsActive());
    }

    [Fact]
    public async Task Cancel_CompletedOnAnotherMachineMeanwhile_IsRefusedAndStaysCompleted()
    {
        var run = await PausedAsync();
        RunsOf(_first).Resume(run.Id);
        await CompleteAsync(_first, run.Id);

        // What the second machine has read says that it is paused.
        Assert.Equal(RunState.Paused, Find(_second, run.Id).State);
        var error = await Assert.ThrowsAsync<RunConflictException>(() => RunsOf(_second).CancelAsync(run.Id));

        Assert.Contains("is completed", error.Message, StringComparison.Ordinal);
        Assert.Equal(RunState.Completed, Stored(run.Id).State);
    }

    [Fact]
    public async Task Cancel_ResumedOnAnotherMachineMeanwhile_StopsItThere()
    {
        var run = await PausedAsync();
        RunsOf(_first).Resume(run.Id);
        var slice = (await _first.Stages.NextAsync()).Opens();

        // What the second machine has read says that it is paused.
        Assert.Equal(RunState.Paused, Find(_second, run.Id).State);
        await RunsOf(_second).CancelAsync(run.Id);
        await slice.DrainsAsync();
        await RestAsync(_first, run.Id, slice);

        await RefreshedAsync(_second, run.Id, RunState.Cancelled);
    }

    [Theory]
    [InlineData("resume")]
    [InlineData("cancel")]
    [InlineData("cancel on another machine")]
    public async Task Request_RestsButItsWorkerIsNotDone_IsCarriedOutAfterwards(string what)
    {
        var log = new HeldLog();
        await using var machine = await StartAsync(log);
        var runs = RunsOf(machine);
        _cluster.Machine = runs;
        var run = Create(runs);
        log.Held = run.Id;
        var slice = (await machine.Stages.NextAsync()).Opens();
        await runs.PauseAsync(run.Id);
        await slice.DrainsAsync();
        await RestAsync(machine, run.Id, slice);

        var cancels = what != "resume";
        var request = Task.Run(async () =>
        {
            if (!cancels)
                return runs.Resume(run.Id);
            if (what == "cancel")
                return await runs.CancelAsync(run.Id);
            // It has read that the run is active.
            await runs.StopAsync(run.Id, StopReason.Cancel);
            return Find(machine, run.Id);
        });
        var other = runs.Create(new RunSettings { Input = Input });
        (await machine.Stages.NextAsync()).Opens().Completes();
        await RestAsync(machine, other.Id);
        Assert.False(request.IsCompleted);
        log.Release();

        Assert.Equal(cancels ? RunState.Cancelled : RunState.Pending, (await request.WaitAsync(Waiting.Limit)).State);
        if (!cancels)
            (await machine.Stages.NextAsync()).Opens();
        Assert.Equal(!cancels, Stored(run.Id).State.IsActive());
    }

    [Fact]
    public async Task Stop_OwnerInOrder_IsNotCountedAsATakeover()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();
        Assert.Equal(1, Stored(run.Id).Takeovers);

        await _first.StopAsync();

        Assert.Equal((RunState.Pending, 0), (Stored(run.Id).State, Stored(run.Id).Takeovers));
    }

    [Fact]
    public async Task Cancel_CameToRestBeforeItWasAsked_IsCancelled()
    {
        var run = await PausedAsync();

        await RunsOf(_first).StopAsync(run.Id, StopReason.Cancel);

        Assert.Equal(RunState.Cancelled, Stored(run.Id).State);
    }

    [Fact]
    public async Task Cancel_MachineDoesNotAnswer_SaysSoAndTheRunGoesOn()
    {
        var run = Create();
        (await _first.Stages.NextAsync()).Opens();
        RunsOf(_second).Refresh();
        _cluster.Machine = new SilentMachine();

        var error = await Assert.ThrowsAsync<StageException>(() => RunsOf(_second).CancelAsync(run.Id));

        Assert.Equal(FailureReasons.Unreachable, error.Failure.Reason);
        Assert.Contains("try again: no answer within 10 s", error.Message, StringComparison.Ordinal);
        Assert.Equal(RunState.Running, Stored(run.Id).State);
    }

    [UnixFact]
    public async Task Resume_StorageHangs_OtherRunsAndTheMachineCanBeStopped()
    {
        var run = await PausedAsync();
        var other = RunsOf(_second).Create(new RunSettings { Input = Input });
        var attempt = (await _second.Stages.NextAsync()).Opens();
        var stored = RunStateFile.LatestIn(FolderOf(run.Id));
        var state = File.ReadAllBytes(stored);
        File.Delete(stored);
        Fifo.Create(stored);

        var resuming = Task.Run(() => RunsOf(_second).Resume(run.Id));
        // Opened once the other end reads.
        await using (var pipe = await Task.Run(() => new FileStream(stored, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)))
        {
            await Task.Run(() => RunsOf(_second).CancelAsync(other.Id)).WaitAsync(Waiting.Limit);
            attempt.Completes(drained: true);
            await RestAsync(_second, other.Id);
            await _second.StopAsync();
            Assert.False(resuming.IsCompleted);
            pipe.Write(state);
        }

        Assert.Equal("the orchestrator is stopping", (await Assert.ThrowsAsync<RunConflictException>(() => resuming)).Message);
    }

    [Fact]
    public async Task Resume_Paused_FencesWhoeverOwnedTheRunBefore()
    {
        var run = await PausedAsync();
        var former = OwnerClaim.Take(FolderOf(run.Id));

        RunsOf(_second).Resume(run.Id);

        Assert.Throws<StageException>(former.Require);
    }

    [Fact]
    public async Task Save_OwnerThatWasSuspendedInIt_HidesNothingOfItsSuccessor()
    {
        var run = await PausedAsync();
        var (store, folder) = (NewStore(), FolderOf(run.Id));
        var (former, present) = (OwnerClaim.Take(folder), OwnerClaim.Take(folder));
        store.Save(folder, run with { State = RunState.Completed }, present.Number);

        // It had made sure that it owns the run before it was suspended.
        store.Save(folder, run with { State = RunState.Running }, former.Number);

        Assert.Equal(RunState.Completed, Stored(run.Id).State);
        await RefreshedAsync(_second, run.Id, RunState.Completed);
    }

    [Fact]
    public async Task TryTake_NumberIsTaken_LeavesTheRunToItsOwner()
    {
        var run = await PausedAsync();
        var folder = FolderOf(run.Id);
        var claims = OwnerClaim.Highest(folder);
        var faster = OwnerClaim.TryTake(folder, claims + 1);

        Assert.Null(OwnerClaim.TryTake(folder, claims + 1));

        faster!.Require();
    }

    [Fact]
    public async Task Refresh_OwnerDiedBeforeItHadDeletedTheSlices_DeletesThem()
    {
        var paused = await PausedAsync();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var machine = await StartAsync(time: time);
        var run = Stored(paused.Id) with { State = RunState.Completed, Ended = time.GetUtcNow() };
        var slices = Path.Join(FolderOf(run.Id), "slices");

        NewStore().Save(run, OwnerClaim.Take(FolderOf(run.Id)).Number);
        await RefreshedAsync(machine, run.Id, RunState.Completed);
        Assert.True(Directory.Exists(slices));

        time.Advance(TimeSpan.FromMinutes(3));
        RunsOf(machine).Refresh();

        await Waiting.UntilAsync(() => !Directory.Exists(slices), "the slices are deleted");
    }

    // The other machines know it, too.
    [Fact]
    public async Task Delete_RunOfTheCluster_IsRefused()
    {
        var paused = await PausedAsync();

        Assert.Contains("delete " + FolderOf(paused.Id), Assert.Throws<RunConflictException>(() => RunsOf(_first).Delete(paused.Id)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_OutsideTheSharedStorage_IsRefused()
    {
        var input = Path.Join(_first.Folder, "in.ndjson");
        File.WriteAllText(input, "line 0\n");

        var error = Assert.Throws<RunConflictException>(() => RunsOf(_first).Create(new RunSettings { Input = input, Partitions = 2 }));

        Assert.Contains("the storage that all machines share", error.Message, StringComparison.Ordinal);
    }

    private static RunService RunsOf(ServedOrchestrator served) => served.Services.GetRequiredService<RunService>();

    private static Run Find(ServedOrchestrator served, string id) =>
        RunsOf(served).TryGet(id, out var run) ? run.Current.Value : throw new KeyNotFoundException(id);

    // A resting state is told a moment before its machine is done with it.
    private static async Task RefreshedAsync(ServedOrchestrator served, string id, RunState state)
    {
        using var limit = new CancellationTokenSource(Waiting.Limit);
        do
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
            RunsOf(served).Refresh();
        }
        while (Find(served, id).State != state);
    }

    // Attempts at further slices are drained as they come.
    private static async Task RestAsync(ServedOrchestrator served, string id, FakeAttempt? drained = null)
    {
        Assert.True(RunsOf(served).TryGet(id, out var run));
        using var limit = new CancellationTokenSource(Waiting.Limit);
        var draining = drained is null ? Task.CompletedTask : DrainAsync();
        await run.ReadAllAsync(limit.Token).FirstAsync(now => !now.State.IsActive(), limit.Token);
        await limit.CancelAsync();
        await draining;

        async Task DrainAsync()
        {
            while (!limit.IsCancellationRequested)
            {
                try
                {
                    (await served.Stages.NextAsync(limit.Token)).Opens().Completes(drained: true);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }

    // On the first machine.
    private async Task<(Run Run, FakeAttempt Merge)> MergingAsync()
    {
        var run = Create();
        return (run, await MergeAsync(_first));
    }

    // Completes both slices.
    private static async Task<FakeAttempt> MergeAsync(ServedOrchestrator served)
    {
        for (var slice = 0; slice < 2; slice++)
            (await served.Stages.NextAsync()).Opens().Completes(lines: 1);
        return (await served.Stages.NextAsync()).Opens();
    }

    private static async Task CompleteAsync(ServedOrchestrator served, string id)
    {
        (await MergeAsync(served)).Completes(lines: 2);
        await RestAsync(served, id);
    }

    // Known as such to both machines.
    private async Task<Run> PausedAsync()
    {
        var run = Create();
        var slice = (await _first.Stages.NextAsync()).Opens();
        await RunsOf(_first).PauseAsync(run.Id);
        await slice.DrainsAsync();
        await RestAsync(_first, run.Id, slice);
        await RefreshedAsync(_second, run.Id, RunState.Paused);
        await RefreshedAsync(_first, run.Id, RunState.Paused);
        return run;
    }

    private string Input => InFolder("in.ndjson");

    private string FolderOf(string id) => Path.Join(Folder, "runs", id);

    private RunStore NewStore() => RunStore.Shared(Folder, NullLogger<RunStore>.Instance);

    private Run Stored(string id) => RunStore.Load(FolderOf(id))!;

    private Run Create() => Create(RunsOf(_first));

    private Run Create(RunService runs) => runs.Create(new RunSettings { Input = Input, Partitions = 2 });

    private Task<ServedOrchestrator> StartAsync(ILoggerProvider? log = null, TimeProvider? time = null) =>
        ServedOrchestrator.StartAsync(roots: Folder, configure: services =>
        {
            services.AddSingleton(new PartitionedStore(NewStore(), Folder));
            services.AddSingleton<IClusteredRuns>(_cluster);
            if (log is not null)
                services.AddSingleton(log);
            if (time is not null)
                services.AddSingleton(time);
        });

    /// <summary>A cluster that has every run carried out by one machine.</summary>
    private sealed class OneMachine : IClusteredRuns
    {
        public IPartitionedRuns Machine { get; set; } = null!;

        /// <summary>Hands a run over to another machine; null = there is none.</summary>
        public Func<string, Task>? HandOver { get; set; }

        public Task EnsureAsync(string runId) => Machine.EnsureAsync(runId);

        public Task BeginAsync(string runId) => Machine.EnsureAsync(runId);

        public Task HandOverAsync(string runId, IReadOnlyList<string> tried) => HandOver?.Invoke(runId) ?? Task.CompletedTask;

        public Task StopAsync(string runId, StopReason reason) => Machine.StopAsync(runId, reason);
    }

    private sealed class SilentMachine : IClusteredRuns
    {
        public Task EnsureAsync(string runId) => throw new TimeoutException("no answer within 10 s");

        public Task BeginAsync(string runId) => EnsureAsync(runId);

        public Task HandOverAsync(string runId, IReadOnlyList<string> tried) => EnsureAsync(runId);

        public Task StopAsync(string runId, StopReason reason) => EnsureAsync(runId);
    }

    /// <summary>Holds the worker of a run up where it logs that the run rests, which it does after it has told so.</summary>
    private sealed class HeldLog : ILoggerProvider, ILogger
    {
        private const int Rests = 3014;
        private readonly TaskCompletionSource _released = new();

        public string? Held { get; set; }

        public void Release() => _released.TrySetResult();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == Rests && formatter(state, exception).StartsWith($"Run {Held}:", StringComparison.Ordinal))
                _released.Task.Wait(Waiting.Limit);
        }

        public void Dispose() => Release();
    }
}
