using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Runs;

public sealed class RunCoordinatorTests
{
    private readonly RunBench _bench = new();

    [Fact]
    public async Task RunAsync_AllRolesRegistered_GoesThroughThemAndCompletes()
    {
        var attempt = await _bench.BeginAsync();
        Assert.Equal("ingest-0", attempt.First.InstanceId);
        Assert.Equal(["parse-0", "rules-0", "aggregate-0", "sink-0"], attempt.Open.Route.Select(hop => hop.InstanceId));
        Assert.Equal(("20260101-120000-ab12", 1, "/work"), (attempt.Open.RunId, attempt.Open.Attempt, attempt.Open.Options.WorkDirectory));

        attempt.Opens().Commits(1, 7).Reports("parse-0", itemsIn: 7).Reports("ingest-0", itemsIn: 7).Completes(lines: 10);
        await _bench.EndAsync();

        Assert.Equal(RunState.Completed, _bench.Run.State);
        Assert.Equal((10, 10), (_bench.Run.Counts.Lines, _bench.Run.Counts.Events));
        Assert.Equal((1, 7), (_bench.Run.Progress.Checkpoint, _bench.Run.Progress.Lines));
        Assert.Equal(["ingest-0", "parse-0"], _bench.Run.Stages.Select(stage => stage.InstanceId));
        Assert.Equal(RunState.Completed, _bench.Saved[^1].State);
    }

    [Fact]
    public async Task RunAsync_NewAttempt_NumberIsSavedBeforeAStageIsCalled()
    {
        var saved = new List<long>();
        _bench.Stages.OnOpen = () => saved.Add(_bench.Saved.LastOrDefault()?.Attempts ?? 0);
        var first = await _bench.BeginAsync();
        first.Opens().Fails("internal", retryable: true, "parse-0");
        var second = await _bench.Stages.NextAsync();
        second.Opens().Completes();
        await _bench.EndAsync();
        Assert.Equal([1, 2], saved);
        Assert.Equal((1, 2), (first.Open.Attempt, second.Open.Attempt));
    }

    [Fact]
    public async Task RunAsync_NumberOfAnAttemptCannotBeStored_TheAttemptIsAbandoned()
    {
        var bench = new RunBench { OnSave = _ => throw new StageException(FailureReasons.StoreUnwritable, "full") };

        bench.Start();
        await bench.EndAsync();

        Assert.Equal((RunState.Failed, FailureReasons.StoreUnwritable), (bench.Run.State, bench.Run.Error?.Reason));
        Assert.Equal(AttemptRecord.Abandoned, Assert.Single(bench.Run.History).Outcome);
        Assert.True(bench.Stages.IsIdle);
    }

    [Fact]
    public async Task RunAsync_AttemptFails_TheTimeOfAnEarlierOneIsGone()
    {
        _bench.Observable.Change(run => run with { ElapsedMicros = 5_000_000 });

        (await _bench.BeginAsync()).Opens().Fails("internal", retryable: false, "parse-0");
        await _bench.EndAsync();

        Assert.Equal((RunState.Failed, 0L), (_bench.Run.State, _bench.Run.ElapsedMicros));
    }

    [Fact]
    public async Task RunAsync_StagesReport_FiguresAreSavedPeriodically()
    {
        var attempt = (await _bench.BeginAsync()).Opens().Reports("ingest-0", replayed: 1);
        await _bench.Until(run => run.ReplayedBatches == 1, "the first report");
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        attempt.Reports("ingest-0", replayed: 2).Completes();
        await _bench.EndAsync();
        Assert.Equal([0, 2, 2, 2], _bench.Saved.Select(run => run.ReplayedBatches));
    }

    [Fact]
    public async Task RunAsync_RetryableFailure_NextAttemptFollows()
    {
        (await _bench.BeginAsync()).Opens().Commits(3, 30).Reports("ingest-0", replayed: 2).Fails("unreachable", retryable: true, "parse-0");
        var second = await _bench.Stages.NextAsync();
        Assert.Equal(2, second.Open.Attempt);
        Assert.Equal("unreachable", _bench.Run.Error?.Reason);
        second.Opens(new CheckpointPage { Id = 3, Position = new Position { TotalLines = 30 } }).Reports("ingest-0", replayed: 5, discarded: 1).Completes();
        await _bench.EndAsync();

        Assert.Equal((RunState.Completed, 2), (_bench.Run.State, _bench.Run.Attempts));
        Assert.Null(_bench.Run.Error);
        Assert.Equal((7, 1), (_bench.Run.ReplayedBatches, _bench.Run.DiscardedFrames));
        Assert.Equal(["failed", "completed"], _bench.Run.History.Select(record => record.Outcome));
        Assert.Equal((3, 2), (_bench.Run.History[0].Checkpoint, _bench.Run.History[0].ReplayedBatches));
    }

    [Theory]
    [InlineData("input_changed")]
    [InlineData("disk_full")]
    [InlineData("invalid_rules")]
    public async Task RunAsync_FailureIsNotRetryable_FailsTheRun(string reason)
    {
        (await _bench.BeginAsync()).Opens().Fails(reason, retryable: false, "sink-0");
        await _bench.EndAsync();

        Assert.Equal((RunState.Failed, 1), (_bench.Run.State, _bench.Run.Attempts));
        Assert.Equal((reason, "sink-0"), (_bench.Run.Error?.Reason, _bench.Run.Error?.InstanceId));
        Assert.True(_bench.Stages.IsIdle);
    }

    [Fact]
    public async Task RunAsync_FailureNamesNoInstance_IsOfTheFirstStage()
    {
        (await _bench.BeginAsync()).Fails("unauthenticated", retryable: false);
        await _bench.EndAsync();
        Assert.Equal(("ingest-0", "ingest"), (_bench.Run.Error?.InstanceId, _bench.Run.Error?.Role));
    }

    [Fact]
    public async Task RunAsync_FirstHopHasNoAddress_FailsTheRunAndItsAttempt()
    {
        var bench = new RunBench { Stages = { OpenFailure = new StageException("protocol_violation", "the address is wrong") } };
        bench.Start();
        await bench.EndAsync();
        Assert.Equal((RunState.Failed, "the address is wrong"), (bench.Run.State, bench.Run.Error?.Message));
        Assert.Equal(("failed", "ingest-0"), (Assert.Single(bench.Run.History).Outcome, bench.Run.Error?.InstanceId));
    }

    [Fact]
    public async Task RunAsync_StageDoesNotAnswer_WaitsUntilItRegistersAgain()
    {
        var first = await _bench.BeginAsync();
        _bench.Probe.Silent[_bench.Registry.Current.Value.Instances["parse-0"].Address] = true;
        first.Opens().Fails("unreachable", retryable: true, "parse-0");

        await _bench.Until(run => run.WaitingFor == "parse", "parse to be missing");
        Assert.True(_bench.Stages.IsIdle);
        var again = _bench.Registry.Register("parse-0", "parse");
        var second = await _bench.Stages.NextAsync();
        Assert.Equal(again.Address, second.Open.Route[0].Address);
        second.Opens().Completes();
        await _bench.EndAsync();
        Assert.Equal(RunState.Completed, _bench.Run.State);
    }

    [Fact]
    public async Task RunAsync_SilentStageAnswersAgain_IsTakenAgain()
    {
        var first = await _bench.BeginAsync();
        var address = _bench.Registry.Current.Value.Instances["parse-0"].Address;
        _bench.Probe.Silent[address] = true;
        first.Opens().Fails("unreachable", retryable: true, "parse-0");
        await _bench.Until(run => run.WaitingFor == "parse", "parse to be missing");

        _bench.Probe.Silent.TryRemove(address, out _);
        await _bench.Time.LetPassAsync(TimeSpan.FromSeconds(1));
        (await _bench.Stages.NextAsync()).Opens().Completes();
        await _bench.EndAsync();
        Assert.Equal(RunState.Completed, _bench.Run.State);
    }

    [Fact]
    public async Task RunAsync_AttemptFailedAtAnInstance_ItsSiblingIsTakenNext()
    {
        _bench.Registry.Register("parse-1", "parse");
        var first = await _bench.BeginAsync();
        Assert.Equal("parse-0", first.Open.Route[0].InstanceId);
        first.Opens().Commits(1, 5).Fails("internal", retryable: true, "parse-0");
        var second = await _bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        // Both have failed once now: the longest registered is taken again.
        second.Opens(new CheckpointPage { Id = 1, Position = new Position() }).Commits(2, 6).Fails("internal", retryable: true, "parse-1");
        var third = await _bench.Stages.NextAsync();
        Assert.Equal("parse-0", third.Open.Route[0].InstanceId);
        third.Opens().Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task RunAsync_FailedInstanceRegistersAgain_StillRanksBehindItsSibling()
    {
        _bench.Registry.Register("parse-1", "parse");
        var first = await _bench.BeginAsync();
        _bench.Registry.Register("parse-0", "parse");
        _bench.Registry.Register("parse-1", "parse");
        first.Opens().Fails("internal", retryable: true, "parse-0");
        var second = await _bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        second.Opens().Completes();
        await _bench.EndAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_AttemptsWithoutProgress_FailTheRunAtTheLimit(bool claimed)
    {
        _bench.Start();
        for (var attempt = 1; attempt <= _bench.Options.MaxFruitlessAttempts; attempt++)
        {
            // The second follows at once, the others after a growing pause.
            if (attempt > 2)
                await _bench.Time.LetPassAsync(TimeSpan.FromMilliseconds(Math.Min(50 << (attempt - 3), 2_000)));
            var next = (await _bench.Stages.NextAsync()).Opens();
            // Checkpoints that are reported but that the next attempt does not resume from are no progress.
            (claimed ? next.Commits(attempt, attempt) : next).Fails("internal", retryable: true, "rules-0");
        }

        await _bench.EndAsync();
        Assert.Equal((RunState.Failed, 10), (_bench.Run.State, _bench.Run.Attempts));
        Assert.Equal((FailureReasons.NoProgress, "rules-0"), (_bench.Run.Error?.Reason, _bench.Run.Error?.InstanceId));
        Assert.Contains("internal happened", _bench.Run.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_FailedAttemptsWithProgress_AreNotLimited()
    {
        var bench = new RunBench { Options = { MaxFruitlessAttempts = 2 } };
        bench.Start();
        for (var attempt = 1; attempt <= 8; attempt++)
        {
            var resume = attempt == 1 ? null : new CheckpointPage { Id = attempt - 1, Position = new Position { TotalLines = attempt - 1 } };
            (await bench.Stages.NextAsync()).Opens(resume).Commits(attempt, attempt).Fails("internal", retryable: true, "rules-0");
        }

        (await bench.Stages.NextAsync()).Opens().Completes();
        await bench.EndAsync();
        Assert.Equal((RunState.Completed, 9), (bench.Run.State, bench.Run.Attempts));
    }

    [Fact]
    public async Task RunAsync_RolesWithoutInstance_WaitsForThemAndNamesThem()
    {
        var bench = new RunBench(new FakeRegistry());
        foreach (var role in FakeRegistry.Roles.Where(role => role is not ("parse" or "sink")))
            bench.Registry.Register($"{role}-0", role);
        bench.Start();
        await bench.Until(run => run is { State: RunState.Waiting, WaitingFor: "parse, sink" }, "both to be missing");
        bench.Registry.Register("sink-0", "sink");
        await bench.Until(run => run.WaitingFor == "parse", "parse to be missing");
        Assert.True(bench.Stages.IsIdle);
        bench.Registry.Register("parse-0", "parse");
        (await bench.Stages.NextAsync()).Opens().Completes();
        await bench.EndAsync();
        Assert.Null(bench.Run.WaitingFor);
    }

    [Fact]
    public async Task RunAsync_RolesStayWithoutInstance_FailsAfterTheRouteTimeout()
    {
        var bench = new RunBench(new FakeRegistry());
        bench.Start();
        await bench.Until(run => run.WaitingFor is not null, "all to be missing");
        await bench.Time.LetPassAsync(bench.Options.RouteTimeout);
        await bench.EndAsync();
        Assert.Equal((RunState.Failed, FailureReasons.NoRoute), (bench.Run.State, bench.Run.Error?.Reason));
        Assert.Contains("ingest, parse, rules, aggregate, sink", bench.Run.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_RouteOfItsOwn_GoesThroughThose()
    {
        var bench = new RunBench(route: ["ingest", "parse", "rules", "audit", "aggregate", "sink"]);
        bench.Registry.Register("audit-0", "audit", accepts: ["events"], emits: ["events"]);

        var attempt = await bench.BeginAsync();

        Assert.Equal(["parse-0", "rules-0", "audit-0", "aggregate-0", "sink-0"], attempt.Open.Route.Select(hop => hop.InstanceId));
        Assert.Equal(["ingest-0", .. attempt.Open.Route.Select(hop => hop.InstanceId)], attempt.Open.Path.Select(hop => hop.InstanceId));
        attempt.Opens().Completes();
        await bench.EndAsync();
    }

    [Fact]
    public async Task RunAsync_RouteDoesNotFit_FailsBeforeAnyAttempt()
    {
        _bench.Registry.Register("rules-0", "rules", accepts: ["lines"]);
        _bench.Start();
        await _bench.EndAsync();
        Assert.Equal((RunState.Failed, FailureReasons.RouteUnfit, 0), (_bench.Run.State, _bench.Run.Error?.Reason, _bench.Run.Attempts));
        Assert.Contains("parse-0 (parse) emits events, but rules-0 (rules) after it accepts lines", _bench.Run.Error!.Message, StringComparison.Ordinal);
        Assert.True(_bench.Stages.IsIdle);
    }

    [Fact]
    public async Task RunAsync_InstanceDrains_NextAttemptUsesAnother()
    {
        _bench.Registry.Register("parse-1", "parse");
        var first = await _bench.BeginAsync();
        Assert.Equal("parse-0", first.Open.Route[0].InstanceId);
        first.Opens();
        _bench.Registry.Drain("parse-0");
        await first.DrainRequested;
        Assert.Equal(RunState.Running, _bench.Run.State);
        first.Commits(1, 5).Completes(drained: true, lines: 5);
        var second = await _bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        second.Opens().Completes();
        await _bench.EndAsync();
        Assert.Equal(["drained", "completed"], _bench.Run.History.Select(record => record.Outcome));
    }

    [Fact]
    public async Task RunAsync_LeaseLostAndInstanceSilent_BreaksTheAttemptOff()
    {
        _bench.Registry.Register("parse-1", "parse");
        var first = (await _bench.BeginAsync()).Opens();
        _bench.Probe.Silent[first.Open.Route[0].Address] = true;
        _bench.Registry.Remove("parse-0");
        await first.BrokenOff;
        var second = await _bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        Assert.Equal(("unreachable", "parse-0"), (_bench.Run.Error?.Reason, _bench.Run.Error?.InstanceId));
        second.Opens().Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task RunAsync_LeaseLostAndInstanceAnswers_AttemptGoesOn()
    {
        var first = (await _bench.BeginAsync()).Opens();
        _bench.Registry.Remove("parse-0");
        _bench.Registry.Register("parse-1", "parse");
        // The watch looks at the instances in the order of the route: once sink has been probed, parse has been passed over.
        _bench.Registry.Remove("sink-0");
        var probed = _bench.Probe.ProbedAsync(first.Open.Route[^1].Address);
        Assert.Same(probed, await Task.WhenAny(probed, first.BrokenOff));
        await probed;
        first.Completes();
        await _bench.EndAsync();
        Assert.Equal((RunState.Completed, 1), (_bench.Run.State, _bench.Run.Attempts));
    }

    [Theory]
    [InlineData("Pause", "Paused")]
    [InlineData("Cancel", "Cancelled")]
    [InlineData("Interrupt", "Interrupted")]
    public async Task RunAsync_StopRequested_DrainsTheAttempt(string reason, string state)
    {
        var attempt = (await _bench.BeginAsync()).Opens();
        _bench.Stop.Request(Enum.Parse<StopReason>(reason));
        await attempt.DrainRequested;
        await _bench.Until(run => run.State == RunState.Draining, "the run to drain");
        attempt.Commits(4, 40).Completes(drained: true, lines: 40);
        await _bench.EndAsync();
        Assert.Equal((state, 4L, 40L), (_bench.Run.State.ToString(), _bench.Run.Progress.Checkpoint, _bench.Run.Counts.Lines));
        Assert.Null(_bench.Run.Error);
        Assert.NotNull(_bench.Saved[^1].Ended);
    }

    [Theory]
    [InlineData("Pause")]
    [InlineData("Interrupt")]
    public async Task RunAsync_CancelledWhileAnotherRestIsStored_IsCancelledAndStoredSo(string reason)
    {
        _bench.OnTrySave = run =>
        {
            if (!run.State.IsActive())
                _bench.Stop.Request(StopReason.Cancel);
        };
        var attempt = (await _bench.BeginAsync()).Opens();
        _bench.Stop.Request(Enum.Parse<StopReason>(reason));
        await attempt.DrainsAsync();

        await _bench.EndAsync();

        Assert.Equal((RunState.Cancelled, RunState.Cancelled), (_bench.Run.State, _bench.Saved[^1].State));
    }

    [Fact]
    public async Task RunAsync_EndsWhilePausing_IsCompleted()
    {
        var attempt = (await _bench.BeginAsync()).Opens();
        _bench.Stop.Request(StopReason.Pause);
        await attempt.DrainRequested;
        attempt.Completes();
        await _bench.EndAsync();
        Assert.Equal(RunState.Completed, _bench.Run.State);
    }

    [Fact]
    public async Task RunAsync_AttemptDoesNotDrain_IsBrokenOffAfterTheTimeout()
    {
        var attempt = (await _bench.BeginAsync()).Opens();
        _bench.Stop.Request(StopReason.Pause);
        await attempt.DrainRequested;
        await _bench.Time.LetPassAsync(_bench.Options.DrainTimeout);
        await attempt.BrokenOff;
        await _bench.EndAsync();
        Assert.Equal((RunState.Paused, "unreachable"), (_bench.Run.State, _bench.Run.Error?.Reason));
    }

    [Fact]
    public async Task RunAsync_CancelledWhileItWaitsForARole_IsCancelled()
    {
        var bench = new RunBench(new FakeRegistry());
        bench.Start();
        await bench.Until(run => run.WaitingFor is not null, "all to be missing");
        bench.Stop.Request(StopReason.Cancel);
        await bench.EndAsync();
        Assert.Equal((RunState.Cancelled, (string?)null), (bench.Run.State, bench.Run.WaitingFor));
    }

    [Fact]
    public async Task RunAsync_BreakOffWhileDraining_AbandonsTheAttempt()
    {
        var attempt = (await _bench.BeginAsync()).Opens();
        _bench.Stop.Request(StopReason.Interrupt);
        await attempt.DrainRequested;
        _bench.Stop.BreakOff();
        await _bench.EndAsync();
        await attempt.BrokenOff;
        Assert.Equal((RunState.Interrupted, "abandoned"), (_bench.Run.State, _bench.Run.History[^1].Outcome));
    }

    [Fact]
    public async Task RunAsync_RouteDoesNotOpen_NextAttemptFollowsAfterTheTimeout()
    {
        var attempt = await _bench.BeginAsync();
        await _bench.Time.LetPassAsync(_bench.Options.OpenTimeout);
        await attempt.BrokenOff;
        (await _bench.Stages.NextAsync()).Opens().Completes();
        await _bench.EndAsync();
        Assert.Equal("failed", _bench.Run.History[0].Outcome);
    }

    [Fact]
    public async Task RunAsync_StateComesInPages_EachHasTheWholeTime()
    {
        var attempt = await _bench.BeginAsync();
        for (var page = 0; page < 4; page++)
        {
            _bench.Time.Advance(_bench.Options.OpenTimeout * 0.6);
            attempt.Answers(new StageOutput { RunOpened = new RunOpened { More = true } });
            await attempt.TakenAsync();
        }

        attempt.Opens().Completes();
        await _bench.EndAsync();
        Assert.Equal((RunState.Completed, 1), (_bench.Run.State, _bench.Run.Attempts));
    }

    [Fact]
    public async Task RunAsync_CheckpointCommitted_CountsEarlierTakeoversNoLonger()
    {
        _bench.Observable.Change(run => run with { Takeovers = 3 });
        var attempt = (await _bench.BeginAsync()).Opens();
        Assert.Equal(3, _bench.Run.Takeovers);

        attempt.Commits(1, 5);

        await _bench.Until(run => run.Takeovers == 0, "that it got further");
        attempt.Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task RunAsync_CallEndsWithoutAnswer_IsAProtocolViolation()
    {
        (await _bench.BeginAsync()).Opens().Ends();
        var second = await _bench.Stages.NextAsync();
        Assert.Equal("protocol_violation", _bench.Run.Error?.Reason);
        second.Opens().Completes();
        await _bench.EndAsync();
    }
}
