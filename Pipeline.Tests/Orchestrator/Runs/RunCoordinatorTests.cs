using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Runs;

public sealed class RunCoordinatorTests
{
    [Fact]
    public async Task RunAsync_AllRolesRegistered_GoesThroughThemAndCompletes()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        Assert.Equal("ingest-0", attempt.First.InstanceId);
        Assert.Equal(["parse-0", "rules-0", "aggregate-0", "sink-0"], attempt.Open.Route.Select(hop => hop.InstanceId));
        Assert.Equal(("20260101-120000-ab12", 1, "/work"), (attempt.Open.RunId, attempt.Open.Attempt, attempt.Open.Options.WorkDirectory));

        attempt.Opens().Commits(1, 7).Reports("parse-0", itemsIn: 7).Reports("ingest-0", itemsIn: 7).Completes(lines: 10);
        await work.WaitAsync(Waiting.Limit);

        Assert.Equal(RunState.Completed, bench.Run.State);
        Assert.Equal((10, 10), (bench.Run.Counts.Lines, bench.Run.Counts.Events));
        Assert.Equal((1, 7), (bench.Run.Progress.Checkpoint, bench.Run.Progress.Lines));
        Assert.Equal(["ingest-0", "parse-0"], bench.Run.Stages.Select(stage => stage.InstanceId));
        Assert.Equal(RunState.Completed, bench.Saved[^1].State);
    }

    [Fact]
    public async Task RunAsync_NewAttempt_NumberIsSavedBeforeAStageIsCalled()
    {
        var bench = new RunBench();
        var saved = new List<long>();
        bench.Stages.OnOpen = () => saved.Add(bench.Saved.LastOrDefault()?.Attempts ?? 0);
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        first.Opens().Fails("internal", retryable: true, "parse-0");
        var second = await bench.Stages.NextAsync();
        second.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal([1, 2], saved);
        Assert.Equal((1, 2), (first.Open.Attempt, second.Open.Attempt));
    }

    [Fact]
    public async Task RunAsync_NumberOfAnAttemptCannotBeStored_TheAttemptIsAbandoned()
    {
        var bench = new RunBench { OnSave = _ => throw new StageException(FailureReasons.StoreUnwritable, "full") };

        await bench.Start().WaitAsync(Waiting.Limit);

        Assert.Equal((RunState.Failed, FailureReasons.StoreUnwritable), (bench.Run.State, bench.Run.Error?.Reason));
        Assert.Equal(AttemptRecord.Abandoned, Assert.Single(bench.Run.History).Outcome);
        Assert.True(bench.Stages.IsIdle);
    }

    [Fact]
    public async Task RunAsync_AttemptFails_TheTimeOfAnEarlierOneIsGone()
    {
        var bench = new RunBench();
        bench.Observable.Change(run => run with { ElapsedMicros = 5_000_000 });
        var work = bench.Start();

        (await bench.Stages.NextAsync()).Opens().Fails("internal", retryable: false, "parse-0");
        await work.WaitAsync(Waiting.Limit);

        Assert.Equal((RunState.Failed, 0L), (bench.Run.State, bench.Run.ElapsedMicros));
    }

    [Fact]
    public async Task RunAsync_StagesReport_FiguresAreSavedPeriodically()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = (await bench.Stages.NextAsync()).Opens().Reports("ingest-0", replayed: 1);
        await bench.Until(run => run.ReplayedBatches == 1, "the first report");
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        attempt.Reports("ingest-0", replayed: 2).Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal([0, 2, 2, 2], bench.Saved.Select(run => run.ReplayedBatches));
    }

    [Fact]
    public async Task RunAsync_RetryableFailure_NextAttemptFollows()
    {
        var bench = new RunBench();
        var work = bench.Start();
        (await bench.Stages.NextAsync()).Opens().Commits(3, 30).Reports("ingest-0", replayed: 2).Fails("unreachable", retryable: true, "parse-0");
        var second = await bench.Stages.NextAsync();
        Assert.Equal(2, second.Open.Attempt);
        Assert.Equal("unreachable", bench.Run.Error?.Reason);
        second.Opens(new CheckpointPage { Id = 3, Position = new Position { TotalLines = 30 } }).Reports("ingest-0", replayed: 5, discarded: 1).Completes();
        await work.WaitAsync(Waiting.Limit);

        Assert.Equal((RunState.Completed, 2), (bench.Run.State, bench.Run.Attempts));
        Assert.Null(bench.Run.Error);
        Assert.Equal((7, 1), (bench.Run.ReplayedBatches, bench.Run.DiscardedFrames));
        Assert.Equal(["failed", "completed"], bench.Run.History.Select(record => record.Outcome));
        Assert.Equal((3, 2), (bench.Run.History[0].Checkpoint, bench.Run.History[0].ReplayedBatches));
    }

    [Theory]
    [InlineData("input_changed")]
    [InlineData("disk_full")]
    [InlineData("invalid_rules")]
    public async Task RunAsync_FailureIsNotRetryable_FailsTheRun(string reason)
    {
        var bench = new RunBench();
        var work = bench.Start();
        (await bench.Stages.NextAsync()).Opens().Fails(reason, retryable: false, "sink-0");
        await work.WaitAsync(Waiting.Limit);

        Assert.Equal((RunState.Failed, 1), (bench.Run.State, bench.Run.Attempts));
        Assert.Equal((reason, "sink-0"), (bench.Run.Error?.Reason, bench.Run.Error?.InstanceId));
        Assert.True(bench.Stages.IsIdle);
    }

    [Fact]
    public async Task RunAsync_FailureNamesNoInstance_IsOfTheFirstStage()
    {
        var bench = new RunBench();
        var work = bench.Start();
        (await bench.Stages.NextAsync()).Fails("unauthenticated", retryable: false);
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal(("ingest-0", "ingest"), (bench.Run.Error?.InstanceId, bench.Run.Error?.Role));
    }

    [Fact]
    public async Task RunAsync_FirstHopHasNoAddress_FailsTheRunAndItsAttempt()
    {
        var bench = new RunBench { Stages = { OpenFailure = new StageException("protocol_violation", "the address is wrong") } };
        await bench.Start().WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Failed, "the address is wrong"), (bench.Run.State, bench.Run.Error?.Message));
        Assert.Equal(("failed", "ingest-0"), (Assert.Single(bench.Run.History).Outcome, bench.Run.Error?.InstanceId));
    }

    [Fact]
    public async Task RunAsync_StageDoesNotAnswer_WaitsUntilItRegistersAgain()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        bench.Probe.Silent[bench.Registry.Current.Value.Instances["parse-0"].Address] = true;
        first.Opens().Fails("unreachable", retryable: true, "parse-0");

        await bench.Until(run => run.WaitingFor == "parse", "parse to be missing");
        Assert.True(bench.Stages.IsIdle);
        var again = bench.Registry.Register("parse-0", "parse");
        var second = await bench.Stages.NextAsync();
        Assert.Equal(again.Address, second.Open.Route[0].Address);
        second.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal(RunState.Completed, bench.Run.State);
    }

    [Fact]
    public async Task RunAsync_SilentStageAnswersAgain_IsTakenAgain()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        var address = bench.Registry.Current.Value.Instances["parse-0"].Address;
        bench.Probe.Silent[address] = true;
        first.Opens().Fails("unreachable", retryable: true, "parse-0");
        await bench.Until(run => run.WaitingFor == "parse", "parse to be missing");

        bench.Probe.Silent.TryRemove(address, out _);
        await bench.Time.LetPassAsync(TimeSpan.FromSeconds(1));
        (await bench.Stages.NextAsync()).Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal(RunState.Completed, bench.Run.State);
    }

    [Fact]
    public async Task RunAsync_AttemptFailedAtAnInstance_ItsSiblingIsTakenNext()
    {
        var bench = new RunBench();
        bench.Registry.Register("parse-1", "parse");
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        Assert.Equal("parse-0", first.Open.Route[0].InstanceId);
        first.Opens().Commits(1, 5).Fails("internal", retryable: true, "parse-0");
        var second = await bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        // Both have failed once now: the longest registered is taken again.
        second.Opens(new CheckpointPage { Id = 1, Position = new Position() }).Commits(2, 6).Fails("internal", retryable: true, "parse-1");
        var third = await bench.Stages.NextAsync();
        Assert.Equal("parse-0", third.Open.Route[0].InstanceId);
        third.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
    }

    [Fact]
    public async Task RunAsync_FailedInstanceRegistersAgain_StillRanksBehindItsSibling()
    {
        var bench = new RunBench();
        bench.Registry.Register("parse-1", "parse");
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        bench.Registry.Register("parse-0", "parse");
        bench.Registry.Register("parse-1", "parse");
        first.Opens().Fails("internal", retryable: true, "parse-0");
        var second = await bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        second.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_AttemptsWithoutProgress_FailTheRunAtTheLimit(bool claimed)
    {
        var bench = new RunBench();
        var work = bench.Start();
        for (var attempt = 1; attempt <= bench.Options.MaxFruitlessAttempts; attempt++)
        {
            // The second follows at once, the others after a growing pause.
            if (attempt > 2)
                await bench.Time.LetPassAsync(TimeSpan.FromMilliseconds(Math.Min(50 << (attempt - 3), 2_000)));
            var next = (await bench.Stages.NextAsync()).Opens();
            // Checkpoints that are reported but that the next attempt does not resume from are no progress.
            (claimed ? next.Commits(attempt, attempt) : next).Fails("internal", retryable: true, "rules-0");
        }

        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Failed, 10), (bench.Run.State, bench.Run.Attempts));
        Assert.Equal((FailureReasons.NoProgress, "rules-0"), (bench.Run.Error?.Reason, bench.Run.Error?.InstanceId));
        Assert.Contains("internal happened", bench.Run.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_FailedAttemptsWithProgress_AreNotLimited()
    {
        var bench = new RunBench { Options = { MaxFruitlessAttempts = 2 } };
        var work = bench.Start();
        for (var attempt = 1; attempt <= 8; attempt++)
        {
            var resume = attempt == 1 ? null : new CheckpointPage { Id = attempt - 1, Position = new Position { TotalLines = attempt - 1 } };
            (await bench.Stages.NextAsync()).Opens(resume).Commits(attempt, attempt).Fails("internal", retryable: true, "rules-0");
        }

        (await bench.Stages.NextAsync()).Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Completed, 9), (bench.Run.State, bench.Run.Attempts));
    }

    [Fact]
    public async Task RunAsync_RolesWithoutInstance_WaitsForThemAndNamesThem()
    {
        var bench = new RunBench(new FakeRegistry());
        foreach (var role in FakeRegistry.Roles.Where(role => role is not ("parse" or "sink")))
            bench.Registry.Register($"{role}-0", role);
        var work = bench.Start();
        await bench.Until(run => run is { State: RunState.Waiting, WaitingFor: "parse, sink" }, "both to be missing");
        bench.Registry.Register("sink-0", "sink");
        await bench.Until(run => run.WaitingFor == "parse", "parse to be missing");
        Assert.True(bench.Stages.IsIdle);
        bench.Registry.Register("parse-0", "parse");
        (await bench.Stages.NextAsync()).Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Null(bench.Run.WaitingFor);
    }

    [Fact]
    public async Task RunAsync_RolesStayWithoutInstance_FailsAfterTheRouteTimeout()
    {
        var bench = new RunBench(new FakeRegistry());
        var work = bench.Start();
        await bench.Until(run => run.WaitingFor is not null, "all to be missing");
        await bench.Time.LetPassAsync(bench.Options.RouteTimeout);
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Failed, FailureReasons.NoRoute), (bench.Run.State, bench.Run.Error?.Reason));
        Assert.Contains("ingest, parse, rules, aggregate, sink", bench.Run.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_RouteOfItsOwn_GoesThroughThose()
    {
        var bench = new RunBench(route: ["ingest", "parse", "rules", "audit", "aggregate", "sink"]);
        bench.Registry.Register("audit-0", "audit", accepts: ["events"], emits: ["events"]);
        var work = bench.Start();

        var attempt = await bench.Stages.NextAsync();

        Assert.Equal(["parse-0", "rules-0", "audit-0", "aggregate-0", "sink-0"], attempt.Open.Route.Select(hop => hop.InstanceId));
        Assert.Equal(["ingest-0", .. attempt.Open.Route.Select(hop => hop.InstanceId)], attempt.Open.Path.Select(hop => hop.InstanceId));
        attempt.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
    }

    [Fact]
    public async Task RunAsync_RouteDoesNotFit_FailsBeforeAnyAttempt()
    {
        var bench = new RunBench();
        bench.Registry.Register("rules-0", "rules", accepts: ["lines"]);
        await bench.Start().WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Failed, FailureReasons.RouteUnfit, 0), (bench.Run.State, bench.Run.Error?.Reason, bench.Run.Attempts));
        Assert.Contains("parse-0 (parse) emits events, but rules-0 (rules) after it accepts lines", bench.Run.Error!.Message, StringComparison.Ordinal);
        Assert.True(bench.Stages.IsIdle);
    }

    [Fact]
    public async Task RunAsync_InstanceDrains_NextAttemptUsesAnother()
    {
        var bench = new RunBench();
        bench.Registry.Register("parse-1", "parse");
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        Assert.Equal("parse-0", first.Open.Route[0].InstanceId);
        first.Opens();
        bench.Registry.Drain("parse-0");
        await first.DrainRequested;
        Assert.Equal(RunState.Running, bench.Run.State);
        first.Commits(1, 5).Completes(drained: true, lines: 5);
        var second = await bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        second.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal(["drained", "completed"], bench.Run.History.Select(record => record.Outcome));
    }

    [Fact]
    public async Task RunAsync_LeaseLostAndInstanceSilent_BreaksTheAttemptOff()
    {
        var bench = new RunBench();
        bench.Registry.Register("parse-1", "parse");
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        first.Opens();
        bench.Probe.Silent[first.Open.Route[0].Address] = true;
        bench.Registry.Remove("parse-0");
        await first.BrokenOff;
        var second = await bench.Stages.NextAsync();
        Assert.Equal("parse-1", second.Open.Route[0].InstanceId);
        Assert.Equal(("unreachable", "parse-0"), (bench.Run.Error?.Reason, bench.Run.Error?.InstanceId));
        second.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
    }

    [Fact]
    public async Task RunAsync_LeaseLostAndInstanceAnswers_AttemptGoesOn()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        first.Opens();
        bench.Registry.Remove("parse-0");
        bench.Registry.Register("parse-1", "parse");
        // The watch looks at the instances in the order of the route: once sink has been probed, parse has been passed over.
        bench.Registry.Remove("sink-0");
        var probed = bench.Probe.ProbedAsync(first.Open.Route[^1].Address);
        Assert.Same(probed, await Task.WhenAny(probed, first.BrokenOff));
        await probed;
        first.Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Completed, 1), (bench.Run.State, bench.Run.Attempts));
    }

    [Theory]
    [InlineData("Pause", "Paused")]
    [InlineData("Cancel", "Cancelled")]
    [InlineData("Interrupt", "Interrupted")]
    public async Task RunAsync_StopRequested_DrainsTheAttempt(string reason, string state)
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        attempt.Opens();
        bench.Stop.Request(Enum.Parse<StopReason>(reason));
        await attempt.DrainRequested;
        await bench.Until(run => run.State == RunState.Draining, "the run to drain");
        attempt.Commits(4, 40).Completes(drained: true, lines: 40);
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((state, 4L, 40L), (bench.Run.State.ToString(), bench.Run.Progress.Checkpoint, bench.Run.Counts.Lines));
        Assert.Null(bench.Run.Error);
        Assert.NotNull(bench.Saved[^1].Ended);
    }

    [Theory]
    [InlineData("Pause")]
    [InlineData("Interrupt")]
    public async Task RunAsync_CancelledWhileAnotherRestIsStored_IsCancelledAndStoredSo(string reason)
    {
        var bench = new RunBench();
        bench.OnTrySave = run =>
        {
            if (!run.State.IsActive())
                bench.Stop.Request(StopReason.Cancel);
        };
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        attempt.Opens();
        bench.Stop.Request(Enum.Parse<StopReason>(reason));
        await attempt.DrainRequested;
        attempt.Completes(drained: true);

        await work.WaitAsync(Waiting.Limit);

        Assert.Equal((RunState.Cancelled, RunState.Cancelled), (bench.Run.State, bench.Saved[^1].State));
    }

    [Fact]
    public async Task RunAsync_EndsWhilePausing_IsCompleted()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        attempt.Opens();
        bench.Stop.Request(StopReason.Pause);
        await attempt.DrainRequested;
        attempt.Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal(RunState.Completed, bench.Run.State);
    }

    [Fact]
    public async Task RunAsync_AttemptDoesNotDrain_IsBrokenOffAfterTheTimeout()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        attempt.Opens();
        bench.Stop.Request(StopReason.Pause);
        await attempt.DrainRequested;
        await bench.Time.LetPassAsync(bench.Options.DrainTimeout);
        await attempt.BrokenOff;
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Paused, "unreachable"), (bench.Run.State, bench.Run.Error?.Reason));
    }

    [Fact]
    public async Task RunAsync_CancelledWhileItWaitsForARole_IsCancelled()
    {
        var bench = new RunBench(new FakeRegistry());
        var work = bench.Start();
        await bench.Until(run => run.WaitingFor is not null, "all to be missing");
        bench.Stop.Request(StopReason.Cancel);
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Cancelled, (string?)null), (bench.Run.State, bench.Run.WaitingFor));
    }

    [Fact]
    public async Task RunAsync_BreakOffWhileDraining_AbandonsTheAttempt()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        attempt.Opens();
        bench.Stop.Request(StopReason.Interrupt);
        await attempt.DrainRequested;
        bench.Stop.BreakOff();
        await work.WaitAsync(Waiting.Limit);
        await attempt.BrokenOff;
        Assert.Equal((RunState.Interrupted, "abandoned"), (bench.Run.State, bench.Run.History[^1].Outcome));
    }

    [Fact]
    public async Task RunAsync_RouteDoesNotOpen_NextAttemptFollowsAfterTheTimeout()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        await bench.Time.LetPassAsync(bench.Options.OpenTimeout);
        await attempt.BrokenOff;
        (await bench.Stages.NextAsync()).Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal("failed", bench.Run.History[0].Outcome);
    }

    [Fact]
    public async Task RunAsync_StateComesInPages_EachHasTheWholeTime()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();
        for (var page = 0; page < 4; page++)
        {
            bench.Time.Advance(bench.Options.OpenTimeout * 0.6);
            attempt.Answers(new StageOutput { RunOpened = new RunOpened { More = true } });
            await attempt.TakenAsync();
        }

        attempt.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
        Assert.Equal((RunState.Completed, 1), (bench.Run.State, bench.Run.Attempts));
    }

    [Fact]
    public async Task RunAsync_CheckpointCommitted_CountsEarlierTakeoversNoLonger()
    {
        var bench = new RunBench();
        bench.Observable.Change(run => run with { Takeovers = 3 });
        var work = bench.Start();
        var attempt = (await bench.Stages.NextAsync()).Opens();
        Assert.Equal(3, bench.Run.Takeovers);

        attempt.Commits(1, 5);

        await bench.Until(run => run.Takeovers == 0, "that it got further");
        attempt.Completes();
        await work.WaitAsync(Waiting.Limit);
    }

    [Fact]
    public async Task RunAsync_CallEndsWithoutAnswer_IsAProtocolViolation()
    {
        var bench = new RunBench();
        var work = bench.Start();
        (await bench.Stages.NextAsync()).Opens().Ends();
        var second = await bench.Stages.NextAsync();
        Assert.Equal("protocol_violation", bench.Run.Error?.Reason);
        second.Opens().Completes();
        await work.WaitAsync(Waiting.Limit);
    }
}
