using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Partitions;

public sealed class PartitionedRunTests : FolderTests
{
    private const int Slices = 5;
    private readonly FakeSliceWorkers _workers = new(capacity: 2);
    private readonly StopSignal _stop = new();
    private readonly SpeedSeries _speed = new([]);
    private readonly ConcurrentQueue<Run> _saved = [];
    private readonly Observable<Run> _run;
    private Action _requireOwner = () => { };
    private Func<Task> _pin = () => Task.CompletedTask;
    private Task _work = Task.CompletedTask;

    public PartitionedRunTests()
    {
        var input = Write("in.ndjson", string.Concat(Enumerable.Range(0, Slices).Select(line => $"line {line}\n")));
        _run = new Observable<Run>(
            SampleRun.New(at: TimeProvider.System.GetUtcNow()) with { Options = new RunSettings { Input = input, Partitions = Slices }, Input = input });
    }

    [Fact]
    public async Task RunSlices_MoreThanLanes_AsManyAtOnceAsThereAreLanes()
    {
        Start(_workers, _stop);
        for (var slice = 0; slice < Slices; slice++)
        {
            await _workers.Until(() => _workers.Asked.Count >= Math.Min(slice + 2, Slices));
            Assert.Equal(Math.Min(slice + 2, Slices), _workers.Asked.Count);
            _workers.Set(slice, RunState.Completed, run => run with { Counts = new RunCounts { Lines = 10 } });
        }

        await EndAsync();
        Assert.Equal(Enumerable.Range(0, Slices), _workers.Asked);
        Assert.All(Run.Slices, slice => Assert.Equal((RunState.Completed, "here"), (slice.State, slice.Machine)));
        Assert.Equal(10 * Slices, Run.Progress.Lines);
        // The beginning, reports with further lines, of which several may come together, and the end.
        var lines = _speed.Points.Select(point => point.Lines).ToList();
        Assert.Equal(lines.SkipLast(1).Distinct().Order(), lines.SkipLast(1));
        Assert.InRange(lines.Count, 4, Slices + 2);
        Assert.Equal((0, 10 * Slices, 10 * Slices), (lines[0], lines[^2], lines[^1]));
        // Not before any slice begins, or it could not be said later which ones there were.
        Assert.Equal(Slices, _saved.First().Slices.Count(slice => slice.State == RunState.Pending));
    }

    [Fact]
    public async Task RunSlices_GetsFurther_CountsEarlierTakeoversNoLonger()
    {
        _run.Change(run => run with { Takeovers = 3, Progress = new RunProgress { Lines = 10 } });
        await BeginAsync();
        _workers.Set(0, RunState.Running, run => run with { Progress = new RunProgress { Lines = 10 } });
        await _workers.Until(() => Run.Progress.Lines == 10 && Run.Slices[0].Lines == 10);
        Assert.Equal(3, Run.Takeovers);

        _workers.Set(1, RunState.Running, run => run with { Progress = new RunProgress { Lines = 1 } });
        await _workers.Until(() => Run.Progress.Lines == 11);

        Assert.Equal(0, Run.Takeovers);
        _stop.Request(StopReason.Cancel);
        _stop.BreakOff();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(EndAsync);
    }

    [Fact]
    public async Task RunSlices_OneFails_OthersStopAtACheckpointAndTheRunNamesThePart()
    {
        await BeginAsync();

        _workers.Set(1, RunState.Failed, run => run with { Error = new RunError(FailureReasons.InputChanged, "it was written to", "ingest-0", "ingest") });
        await _workers.Until(() => !_workers.Stopped.IsEmpty);
        Assert.Equal([(0, StopReason.Interrupt)], _workers.Stopped);
        _workers.Set(0, RunState.Interrupted);

        var error = await Assert.ThrowsAsync<StageException>(EndAsync);
        Assert.Equal((FailureReasons.InputChanged, "ingest-0"), (error.Failure.Reason, error.Failure.InstanceId));
        Assert.Equal("in.ndjson, bytes 7 to 14: it was written to", error.Message);
        Assert.Equal(2, _workers.Asked.Count);
    }

    [Fact]
    public async Task RunSlices_Paused_SlicesArePausedAndNoneBegins()
    {
        await BeginAsync();

        _stop.Request(StopReason.Pause);
        await _workers.Until(() => _workers.Stopped.Count == 2);
        _workers.Set(0, RunState.Paused);
        _workers.Set(1, RunState.Completed);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(EndAsync);
        Assert.Equal(2, _workers.Asked.Count);
        Assert.Equal([RunState.Paused, RunState.Completed, RunState.Pending], Run.Slices.Take(3).Select(slice => slice.State));
    }

    [Fact]
    public async Task RunSlices_SliceGoesOnElsewhereWhileTheRunStops_IsStoppedThere()
    {
        await BeginAsync();
        _stop.Request(StopReason.Pause);
        await _workers.Until(() => _workers.Stopped.Count == 2);

        // Another machine, which has not heard of the stop.
        _workers.Set(0, RunState.Running);
        await _workers.Until(() => _workers.Stopped.Count == 3);
        Assert.Equal((0, StopReason.Pause), _workers.Stopped.Last());
        _workers.Set(0, RunState.Paused);
        _workers.Set(1, RunState.Paused);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(EndAsync);
    }

    [Fact]
    public async Task RunSlices_SliceInterruptedByItsMachine_GoesOn()
    {
        await BeginAsync();

        _workers.Set(0, RunState.Interrupted);
        await _workers.CompleteAllAsync(Slices);
        await EndAsync();
        Assert.Empty(_workers.Stopped);
    }

    [Fact]
    public async Task RunSlices_Resumed_AsksOnlyForSlicesThatHaveNotCompleted()
    {
        await BreakOffAfterAsync(1, run => run);

        var later = new FakeSliceWorkers(capacity: Slices);
        Start(later, new StopSignal());
        await later.Until(() => later.Asked.Count == Slices - 1);
        Assert.Equal([0, 2, 3, 4], later.Asked);
        foreach (var slice in later.Asked)
            later.Set(slice, RunState.Completed);
        await EndAsync();
    }

    [Fact]
    public async Task RunSlices_Resumed_StillCountsWhatCompletedSlicesReplayed()
    {
        await BreakOffAfterAsync(0, run => run with { ReplayedBatches = 12, DiscardedFrames = 3 });

        var later = new FakeSliceWorkers(capacity: Slices);
        Start(later, new StopSignal());
        await later.Until(() => later.Asked.Count == Slices - 1);
        later.Set(1, RunState.Running, run => run with { ReplayedBatches = 1, Progress = new RunProgress { Lines = 5 } });
        await later.Until(() => Run.Slices[1].Lines == 5);

        Assert.Equal((13, 3), (Run.ReplayedBatches, Run.DiscardedFrames));
        foreach (var slice in later.Asked)
            later.Set(slice, RunState.Completed);
        await EndAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunSlices_InputChangedSinceThePlan_Fails(bool isReplacedByLonger)
    {
        await BeginAsync();
        _stop.BreakOff();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(EndAsync);
        var other = Write("other", isReplacedByLonger ? File.ReadAllText(Run.Input) + "one more\n" : "shorter\n");
        File.Move(other, Run.Input, overwrite: true);

        Start(new FakeSliceWorkers(1), new StopSignal());

        var error = await Assert.ThrowsAsync<StageException>(EndAsync);

        Assert.Equal(FailureReasons.InputChanged, error.Failure.Reason);
    }

    [Fact]
    public async Task RunSlices_PipelinesNotWholeYet_PlannedForAllLanes()
    {
        using (var input = File.OpenWrite(Run.Input))
        {
            // With a line end in the middle; the rest takes no space where the file system has sparse files.
            input.SetLength(600 << 20);
            input.Position = (300 << 20) - 1;
            input.WriteByte((byte)'\n');
        }

        _run.Change(run => run with { Options = run.Options with { Partitions = 0 } });
        var workers = new FakeSliceWorkers(capacity: 1) { Lanes = 4 };

        Start(workers, _stop);
        await workers.Until(() => workers.Asked.Count == 1);

        Assert.Equal(2, Run.Slices.Count);
        _stop.BreakOff();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(EndAsync);
    }

    [Fact]
    public async Task RunSlices_NotPinnedYet_NoneBegins()
    {
        var pinned = new TaskCompletionSource();
        _pin = () => pinned.Task;
        Start(_workers, _stop);
        Assert.Equal(Slices, Run.Slices.Count);
        Assert.Empty(_workers.Asked);

        pinned.SetResult();

        await _workers.CompleteAllAsync(Slices);
        await EndAsync();
    }

    // This machine may lack a stage that only slices go through.
    [Fact]
    public async Task RunSlices_AllHadCompleted_AreNotPinnedAgain()
    {
        Start(_workers, _stop);
        await _workers.CompleteAllAsync(Slices);
        await EndAsync();
        _pin = () => throw new InvalidOperationException("pinned again");

        Start(_workers, new StopSignal());

        await EndAsync();
    }

    [Fact]
    public async Task RunSlices_UpgradesAreAllowed_TellsAllThatTookPart()
    {
        _run.Change(run => run with { Options = run.Options with { AllowUpgrade = true } });
        Start(_workers, _stop);
        Implementation[] took = [new("rules", "1.4", "csharp"), new("rules", "2.0", "python")];
        await _workers.CompleteAllAsync(Slices, (slice, run) => run with { Implementations = [took[slice % 2], new("sink", "1.0", "csharp")] });
        await EndAsync();
        NewTracker().AttemptBegins(new StageRoute([new FakeRegistry().Register("sink-0", "sink", version: "1.4")]));
        Assert.Equal("csharp 1.0: sink; csharp 1.4: rules, sink; python 2.0: rules", Implementation.Describe(Run.Implementations.OrderBy(one => one.Version)));
    }

    [Fact]
    public async Task RunSlices_SliceFenced_GoesOnAsLongAsThisMachineOwnsTheRun()
    {
        _workers.HasOtherMachines = true;
        await BeginAsync();
        _workers.Set(0, RunState.Failed, run => run with { Error = new RunError(FailureReasons.Fenced, "attempt 2 has begun") });
        _workers.Set(0, RunState.Completed);
        await _workers.Until(() => _workers.Asked.Count == 3);

        _requireOwner = () => throw new StageException(FailureReasons.Fenced, "another machine");
        _workers.Set(1, RunState.Failed, run => run with { Error = new RunError(FailureReasons.Fenced, "attempt 2 has begun") });

        Assert.Equal("another machine", (await Assert.ThrowsAsync<StageException>(EndAsync)).Message);
        Assert.Empty(_workers.Stopped);
    }

    [Fact]
    public async Task RunSlices_StorageOfTheRunFails_SlicesStopOnAllMachines()
    {
        _workers.HasOtherMachines = true;
        await BeginAsync();

        _requireOwner = () => throw new StageException(FailureReasons.StoreUnwritable, "no space");
        _workers.Set(0, RunState.Running, run => run with { Progress = new RunProgress { Lines = 1 } });

        Assert.Equal("no space", (await Assert.ThrowsAsync<StageException>(EndAsync)).Message);
        Assert.Equal([0, 1], _workers.Stopped.Select(stopped => stopped.Slice).Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunSlices_NoRouteOnItsMachine_GoesOnWhereThereAreOthers(bool hasOthers)
    {
        var workers = new FakeSliceWorkers(capacity: 1) { HasOtherMachines = hasOthers };
        Start(workers, _stop);
        await workers.Until(() => workers.Asked.Count == 1);

        workers.Set(0, RunState.Failed, run => run with { Error = new RunError(FailureReasons.NoRoute, "no usable instance of parse") });
        if (!hasOthers)
        {
            Assert.Equal(FailureReasons.NoRoute, (await Assert.ThrowsAsync<StageException>(EndAsync)).Failure.Reason);
            return;
        }

        await workers.CompleteAllAsync(Slices);
        await EndAsync();
    }

    [Fact]
    public void SlicesChanged_SettingsThatCameWithAReport_AreNotKept()
    {
        var tracker = NewTracker();
        var plan = PartitionPlan.Make(InputCatalog.Read(Run.Input, Folder, [Folder]), Slices, lanes: 1);
        tracker.Planned(plan);

        var settings = Report(tracker, plan);
        GC.Collect();

        Assert.False(settings.IsAlive, "rules of 1 MiB are kept once for each slice");
        GC.KeepAlive(tracker);
    }

    // By itself, so that nothing of it is left on the stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference Report(RunTracker tracker, PartitionPlan plan)
    {
        var settings = new RunSettings { Rules = "{}" };
        tracker.SlicesChanged(new Dictionary<int, SliceReport> { [0] = new(1, "here", Run with { Options = settings }) }, plan);
        return new WeakReference(settings);
    }

    private Run Run => _run.Current.Value;

    /// <summary>A run that is broken off when one of its slices has completed.</summary>
    private async Task BreakOffAfterAsync(int slice, Func<Run, Run> change)
    {
        await BeginAsync();
        _workers.Set(slice, RunState.Completed, change);
        await _workers.Until(() => _workers.Asked.Count == 3);
        _stop.BreakOff();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(EndAsync);
    }

    /// <summary>Starts the run, and waits until each of its lanes has a slice.</summary>
    private async Task BeginAsync()
    {
        Start(_workers, _stop);
        await _workers.Until(() => _workers.Asked.Count == 2);
    }

    private void Start(FakeSliceWorkers workers, StopSignal stop) =>
        _work = new PartitionedRun(workers, [Folder], NewTracker(), Folder, stop, () => _requireOwner(), TimeProvider.System).RunSlicesAsync(() => _pin());

    private Task EndAsync() => _work.WaitAsync(Waiting.Limit);

    private RunTracker NewTracker() => new(_run, _saved.Enqueue, _saved.Enqueue, _speed, TimeProvider.System);
}
