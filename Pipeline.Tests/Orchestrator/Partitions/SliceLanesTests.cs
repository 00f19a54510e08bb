using Microsoft.Extensions.DependencyInjection;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Partitions;

/// <summary>Partitioned runs in an orchestrator on a real server, with fake stages.</summary>
public sealed class SliceLanesTests : FolderTests, IAsyncLifetime
{
    private const int Slices = 3;
    private ServedOrchestrator _served = null!;

    public async Task InitializeAsync()
    {
        File.WriteAllText(Input, "line 0\nline 1\nline 2\n");
        _served = await ServedOrchestrator.StartAsync(
            InFolder("served"), roots: Folder,
            configure: services => services.Configure<CoordinatorOptions>(options => options.Lanes = 2));
    }

    public async Task DisposeAsync() => await _served.DisposeAsync();

    // A stage takes 64 connections; each slice has one to each.
    [Theory]
    [InlineData(0, 8, 8)]
    [InlineData(0, 128, 48)]
    [InlineData(100, 8, 100)]
    public void LanesOf_Cores_LeaveRoomForOtherConnectionsUnlessConfigured(int configured, int cores, int lanes) =>
        Assert.Equal(lanes, new CoordinatorOptions { Lanes = configured }.LanesOf(cores));

    [Fact]
    public async Task Run_Partitioned_EachSliceIsARunAndTheLastStageMerges()
    {
        var run = Create();
        var slices = new List<OpenRun>();
        for (var count = 0; count < Slices; count++)
        {
            var attempt = await _served.Stages.NextAsync();
            slices.Add(attempt.Open);
            attempt.Opens().Completes(lines: 1);
        }

        Assert.Equal(Enumerable.Range(0, Slices).Select(slice => $"{run.Id}.{slice:0000}"), slices.Select(open => open.RunId).Order());
        Assert.Equal([0, 7, 14], slices.Select(open => open.Options.Slice.FirstByte).Order());
        Assert.All(slices, open => Assert.Equal(4, open.Route.Count));
        Assert.All(slices, open => Assert.Equal(open.Options.WorkDirectory, Path.GetDirectoryName(open.Options.Output)));

        var merge = await _served.Stages.NextAsync();
        Assert.Equal((run.Id, "sink-0", 0), (merge.Open.RunId, merge.First.InstanceId, merge.Open.Route.Count));
        Assert.Equal(slices.OrderBy(open => open.RunId).Select(open => open.Options.WorkDirectory), merge.Open.Options.Partials);
        Assert.Null(merge.Open.Options.Slice);
        merge.Opens();
        await merge.InputEnded;
        merge.Completes(lines: Slices);

        var ended = await EndOf(run.Id);
        Assert.Equal((RunState.Completed, 3L), (ended.State, ended.Counts.Lines));
        Assert.Equal(["ingest", "parse", "rules", "aggregate", "sink"], ended.Implementations.Select(one => one.Role));
        Assert.All(ended.Slices, slice => Assert.Equal((RunState.Completed, 1L, 1L), (slice.State, slice.Attempts, slice.Lines)));
        await Runs.StopAsync(CancellationToken.None);
        Assert.False(Directory.Exists(Path.Join(FolderOf(run.Id), "slices")), "the partial results are still there");
    }

    [Fact]
    public async Task Run_AttemptAtASliceFails_OnlyThatSliceHasAnotherAttempt()
    {
        var run = Create();
        (await _served.Stages.NextAsync()).Opens().Fails("unreachable", retryable: true, "parse-0");
        for (var count = 0; count < Slices; count++)
            (await _served.Stages.NextAsync()).Opens().Completes(lines: 1);
        (await _served.Stages.NextAsync()).Opens().Completes(lines: 3);

        var ended = await EndOf(run.Id);
        Assert.Equal(RunState.Completed, ended.State);
        Assert.Equal([1, 1, 2], ended.Slices.Select(slice => slice.Attempts).Order());
        Assert.Null(ended.LinesPerSecond);
    }

    [Fact]
    public async Task Run_StateOfASliceIsDamaged_FailsWithStoreUnwritable()
    {
        var run = Create();
        var first = await _served.Stages.NextAsync();
        File.WriteAllText(RunStateFile.PathIn(first.Open.Options.WorkDirectory), "{");
        first.Opens().Completes(lines: 1);

        var ended = await EndOfDrainingAsync(run.Id, [first]);

        Assert.Equal((RunState.Failed, FailureReasons.StoreUnwritable), (ended.State, ended.Error?.Reason));
    }

    [Fact]
    public async Task Run_PausedAndResumed_SlicesGoOnFromTheirFolders()
    {
        var (run, drained) = await PausedAsync();

        Runs.Resume(run.Id);
        for (var count = 0; count < Slices; count++)
        {
            var attempt = await _served.Stages.NextAsync();
            Assert.Equal(drained.Count(earlier => earlier.Open.RunId == attempt.Open.RunId) + 1, attempt.Open.Attempt);
            attempt.Opens().Completes(lines: 1);
        }

        (await _served.Stages.NextAsync()).Opens().Completes(lines: 3);
        Assert.Equal(RunState.Completed, (await EndOf(run.Id)).State);
    }

    [Fact]
    public async Task Resume_UpgradesAreAllowed_OneRouteDecidesForAllAndTheMergeTellsIt()
    {
        var (run, _) = await PausedAsync();
        _served.Registry.Register("rules-0", "rules", version: "1.4");
        _served.Registry.Register("rules-1", "rules", version: "2.0");

        Runs.Resume(run.Id, allowUpgrade: true);
        // Two at once: the second would go through the instance that is less busy.
        var attempts = new List<FakeAttempt> { (await _served.Stages.NextAsync()).Opens(), (await _served.Stages.NextAsync()).Opens() };
        attempts[0].Completes(lines: 1);
        attempts.Add((await _served.Stages.NextAsync()).Opens());
        attempts[1].Completes(lines: 1);
        attempts[2].Completes(lines: 1);
        var merge = await _served.Stages.NextAsync();
        merge.Opens().Completes(lines: 3);

        Assert.Single(attempts.Select(attempt => attempt.Open.Route.Single(hop => hop.Role == "rules").InstanceId).Distinct());
        var ended = await EndOf(run.Id);
        var rules = ended.Implementations.Single(one => one.Role == "rules");
        Assert.Equal(($"rules: {rules} took over from csharp 1.0", false), (Assert.Single(ended.History[^1].TookOver), ended.UpgradeAllowed));
    }

    [Fact]
    public async Task Replace_InAPartitionedRun_ItsSlicesGoOnThroughTheOther()
    {
        var run = Create();
        var first = (await _served.Stages.NextAsync()).Opens();
        _served.Registry.Register("rules-1", "rules", version: "2.0");

        Assert.Equal([run.Id], Runs.Replace(new Implementation("rules", "2.0", "csharp")).Select(replaced => replaced.Id));
        await DrainAndCompleteThroughAsync("rules-1", first);
        (await _served.Stages.NextAsync()).Opens().Completes(lines: 3);
        var ended = await EndOf(run.Id);
        Assert.Equal((RunState.Completed, null), (ended.State, ended.Error));
        Assert.Contains(new Implementation("rules", "2.0", "csharp"), ended.Implementations);
    }

    [Fact]
    public async Task StopStage_SlicesGoThroughIt_TellsTheirRun()
    {
        var run = Create();
        var first = (await _served.Stages.NextAsync()).Opens();
        _served.Registry.Register("rules-1", "rules");
        using var client = new RunsClient(_served.Client.BaseAddress!, ServedOrchestrator.Key);

        var stop = client.StopStageAsync("rules-0");
        await DrainAndCompleteThroughAsync("rules-1", first);
        Assert.Equal([run.Id], (await stop.WaitAsync(Waiting.Limit)).Runs);
        (await _served.Stages.NextAsync()).Opens().Completes(lines: 3);
        Assert.Equal(RunState.Completed, (await EndOf(run.Id)).State);
    }

    [UnixFact]
    public async Task Advance_StorageHangs_TheMachineCanBeStopped()
    {
        var folder = RunOptionsMapping.SliceFolder(FolderOf("20260101-120000-ab12"), 0);
        Directory.CreateDirectory(folder);
        Fifo.Create(RunStateFile.PathIn(folder));
        var lanes = _served.Services.GetRequiredService<SliceLanes>();

        var advancing = Task.Run(() => lanes.AdvanceAsync("20260101-120000-ab12", 0, 0, CancellationToken.None));
        // Opened once the other end reads.
        await using (await Task.Run(() => new FileStream(RunStateFile.PathIn(folder), FileMode.Open, FileAccess.Write, FileShare.ReadWrite)))
        {
            await Task.Run(_served.StopAsync).WaitAsync(Waiting.Limit);
            Assert.False(advancing.IsCompleted);
        }

        Assert.Equal(FailureReasons.StoreUnwritable, (await advancing).Run.Error?.Reason);
    }

    [Fact]
    public async Task Run_OneSliceOnly_IsAnOrdinaryRun()
    {
        var run = Create(partitions: 0);
        var attempt = await _served.Stages.NextAsync();
        Assert.Equal((run.Id, 4, 0), (attempt.Open.RunId, attempt.Open.Route.Count, attempt.Open.Options.Partials.Count));
        Assert.Null(attempt.Open.Options.Slice);
        attempt.Opens().Completes(lines: 3);
        Assert.Empty((await EndOf(run.Id)).Slices);
    }

    private string Input => InFolder("in.ndjson");

    private RunService Runs => _served.Services.GetRequiredService<RunService>();

    private string FolderOf(string id) => _served.Services.GetRequiredService<RunStore>().FolderOf(id);

    // Every slice is completed by an attempt through the instance; those through another one drain.
    private async Task DrainAndCompleteThroughAsync(string instance, FakeAttempt first)
    {
        await first.DrainsAsync();
        var completed = new HashSet<string>();
        while (completed.Count < Slices)
        {
            var attempt = await _served.Stages.NextAsync();
            var isNew = attempt.Open.Route.Any(hop => hop.InstanceId == instance);
            attempt.Opens().Completes(drained: !isNew, lines: 1);
            if (isNew)
                completed.Add(attempt.Open.RunId);
        }
    }

    private Run Create(int partitions = Slices) => Runs.Create(new RunSettings { Input = Input, Partitions = partitions });

    private Task<Run> EndOf(string id)
    {
        Assert.True(Runs.TryGet(id, out var run));
        return run.ReadAllAsync(CancellationToken.None).FirstAsync(now => !now.State.IsActive()).AsTask().WaitAsync(Waiting.Limit);
    }

    // With the attempts that were drained.
    private async Task<(Run Run, List<FakeAttempt> Drained)> PausedAsync()
    {
        var run = Create();
        var first = (await _served.Stages.NextAsync()).Opens();
        await Runs.PauseAsync(run.Id);
        await first.DrainsAsync();
        var drained = new List<FakeAttempt> { first };
        run = await EndOfDrainingAsync(run.Id, drained);
        Assert.Equal(RunState.Paused, run.State);
        return (run, drained);
    }

    // Whichever other slices have an attempt by now are drained, too.
    private async Task<Run> EndOfDrainingAsync(string id, List<FakeAttempt> open)
    {
        var end = EndOf(id);
        while (!end.IsCompleted)
        {
            using var stop = new CancellationTokenSource();
            var next = _served.Stages.NextAsync(stop.Token);
            await Task.WhenAny(end, next);
            await stop.CancelAsync();
            if (!next.IsCompletedSuccessfully)
                continue;
            open.Add(await next);
            open[^1].Opens().Completes(drained: true);
        }

        return await end;
    }
}
