using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Runs;

/// <summary>A run keeps to the implementations that it began with.</summary>
public sealed class PinnedRunTests
{
    private readonly RunBench _bench = Bench();

    private const string Waiting = "rules of node 1.0, to which it keeps (up: csharp 1.4); start that again, "
        + "or allow another with `pipeline resume 20260101-120000-ab12 --allow-upgrade` or `pipeline replace rules`";

    [Fact]
    public async Task Attempt_Begins_ItsImplementationsAreDurableBeforeAStageHears()
    {
        var attempt = await _bench.BeginAsync();

        var stored = Assert.Single(_bench.Saved).Implementations;
        Assert.Equal(FakeRegistry.Roles, stored.Select(one => one.Role));
        Assert.Equal(new Implementation("rules", "1.0", "node"), stored[2]);
        attempt.Opens().Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task Attempt_OnlyAnotherImplementationIsUp_WaitsAndSaysSoUntilTheFirstIsBack()
    {
        await BreakAsync();

        await _bench.Until(run => run.WaitingFor == Waiting, "the message");
        Assert.True(_bench.Stages.IsIdle);
        _bench.Registry.Register("rules-1", "rules", version: "1.0", language: "node");
        var second = await _bench.Stages.NextAsync();
        Assert.Equal("rules-1", second.Open.Route[1].InstanceId);
        Assert.Empty(_bench.Run.History[^1].TookOver);
        second.Opens().Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task Attempt_TheOtherImplementationIsAllowedMeanwhile_TakesItAndKeepsToIt()
    {
        await BreakAsync();
        await _bench.Until(run => run.WaitingFor == Waiting, "the message");

        _bench.Observable.Change(run => run with { UpgradeAllowed = true });

        var second = await _bench.Stages.NextAsync();
        second.Opens(new CheckpointPage { Id = 1, Position = new Position() }).Fails("unreachable", retryable: true, "rules-0");
        Assert.False(_bench.Saved[^1].UpgradeAllowed);
        Assert.Equal("rules: csharp 1.4 took over from node 1.0", Assert.Single(_bench.Run.History[1].TookOver));
        var third = await _bench.Stages.NextAsync();
        Assert.Empty(_bench.Run.History[^1].TookOver);
        Assert.Equal("1.4", _bench.Run.Implementations[2].Version);
        third.Opens().Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task Attempt_TheRunAllowsUpgrades_TakesTheOtherImplementationAtOnce()
    {
        _bench.Observable.Change(run => run with { Options = run.Options with { AllowUpgrade = true } });
        await BreakAsync();

        (await _bench.Stages.NextAsync()).Opens().Completes();
        await _bench.EndAsync();
        Assert.Equal(RunState.Completed, _bench.Run.State);
    }

    [Fact]
    public async Task Attempt_RouteTimesOutForAnotherImplementation_FailsAndSaysHowToGoOn()
    {
        await BreakAsync();
        await _bench.Until(run => run.WaitingFor == Waiting, "the message");

        await _bench.Time.LetPassAsync(_bench.Options.RouteTimeout);

        await _bench.EndAsync();
        Assert.Equal(
            "no usable instance of rules of node 1.0, to which it keeps (up: csharp 1.4) for 120 s: start that again, "
            + "or allow another with `pipeline resume 20260101-120000-ab12 --allow-upgrade`",
            _bench.Run.Error?.Message);
    }

    [Fact]
    public async Task Attempt_SeveralRolesChanged_NamesEachImplementationOnce()
    {
        var bench = new RunBench();
        var first = await bench.BeginAsync();
        foreach (var role in new[] { "parse", "sink" })
            bench.Registry.Register($"{role}-0", role, version: "2.0");
        bench.Registry.Remove("rules-0");
        first.Opens().Fails("unreachable", retryable: true, "rules-0");

        await bench.Until(
            run => run.WaitingBriefly == "rules and parse, sink of csharp 1.0, to which it keeps (up: csharp 2.0)", "the message");
        bench.Stop.Request(Pipeline.Orchestrator.Attempts.StopReason.Cancel);
        await bench.EndAsync();
    }

    [Fact]
    public async Task Attempt_AnotherImplementationReplacesOneOfItsRoute_DrainsAndGoesOnThere()
    {
        var first = (await _bench.BeginAsync()).Opens();
        _bench.Registry.Register("rules-1", "rules", version: "1.4");
        Assert.True(_bench.Stages.IsIdle);

        Assert.True(RunPins.Replace(_bench.Observable, new Implementation("rules", "1.4", "csharp"), _bench.Options));

        await first.DrainRequested;
        Assert.Equal(RunState.Running, _bench.Run.State);
        first.Completes(drained: true);
        var second = await _bench.Stages.NextAsync();
        Assert.Equal("rules-1", second.Open.Route[1].InstanceId);
        Assert.Equal("rules: csharp 1.4 took over from node 1.0", Assert.Single(_bench.Run.History[^1].TookOver));
        second.Opens().Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task Replace_BeforeTheFirstAttempt_BeginsWithTheOther()
    {
        _bench.Registry.Register("rules-1", "rules", version: "1.4");
        _bench.Registry.Remove("sink-0");
        _bench.Start();
        await _bench.Until(run => run.WaitingFor is not null, "the message");

        Assert.False(RunPins.Replace(_bench.Observable, new Implementation("audit", "1.4", "csharp"), _bench.Options));
        Assert.True(RunPins.Replace(_bench.Observable, new Implementation("rules", "1.4", "csharp"), _bench.Options));

        _bench.Registry.Register("sink-0", "sink");
        var attempt = await _bench.Stages.NextAsync();
        Assert.Equal("rules-1", attempt.Open.Route[1].InstanceId);
        attempt.Opens().Completes();
        await _bench.EndAsync();
    }

    [Fact]
    public async Task Pin_BeforeTheFirstSlice_WaitsForTheWholeRouteAndIsStored()
    {
        _bench.Registry.Remove("parse-0");
        var began = StartInSlices();
        await _bench.Until(run => run.WaitingFor == "parse", "the role that is missing");
        Assert.False(began.IsCompleted);

        _bench.Registry.Register("parse-0", "parse");

        var begun = await began.WaitAsync(Tests.Waiting.Limit);
        Assert.Equal((RunState.Running, null), (begun.State, begun.WaitingFor));
        Assert.Equal(FakeRegistry.Roles, begun.Implementations.Select(one => one.Role));
        Assert.Same(begun.Implementations, _bench.Saved[^1].Implementations);
        await CancelAsync();
    }

    [Fact]
    public async Task Pin_ReplacedWhileItWaits_TakesTheOther()
    {
        var other = new Implementation("rules", "1.4", "csharp");
        _bench.Registry.Register("rules-1", "rules", version: other.Version);
        _bench.Registry.Remove("parse-0");
        var began = StartInSlices();
        await _bench.Until(run => run.WaitingFor is not null, "the role that is missing");
        Assert.True(RunPins.Replace(_bench.Observable, other, _bench.Options));

        _bench.Registry.Register("parse-0", "parse");

        Assert.Contains(other, (await began.WaitAsync(Tests.Waiting.Limit)).Implementations);
        await CancelAsync();
    }

    // Of a cluster: another machine began it, and this one may lack a stage.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pin_RunHasItsPins_WaitsForAnotherImplementationOnlyWhereThatIsAllowed(bool isAllowed)
    {
        var former = new Implementation("rules", "0.9", "node");
        _bench.Observable.Change(run => run with
        {
            Implementations = [.. FakeRegistry.Roles.Select(role => new Implementation(role, "1.0", "csharp")).Where(one => one.Role != "rules"), former],
            UpgradeAllowed = isAllowed,
        });

        var begun = await StartInSlices().WaitAsync(Tests.Waiting.Limit);

        Assert.Equal(isAllowed ? "1.0" : "0.9", begun.Implementations.Single(one => one.Role == "rules").Version);
        Assert.False(begun.UpgradeAllowed);
        await CancelAsync();
    }

    private static RunBench Bench()
    {
        var registry = FakeRegistry.Full();
        registry.Register("rules-0", "rules", version: "1.0", language: "node");
        return new RunBench(registry);
    }

    /// <summary>Starts a run in slices; the task ends when the first of them may begin, with the run as it is then.</summary>
    private Task<Run> StartInSlices()
    {
        var began = new TaskCompletionSource<Run>(TaskCreationOptions.RunContinuationsAsynchronously);
        _bench.Observable.Change(run => run with { Slices = [new SliceState { Part = "in.ndjson" }] });
        _bench.Start(async pin =>
        {
            await pin();
            began.SetResult(_bench.Run);
            await Task.Delay(Timeout.Infinite, _bench.Stop.Drain);
        });
        return began.Task;
    }

    private async Task CancelAsync()
    {
        _bench.Stop.Request(Pipeline.Orchestrator.Attempts.StopReason.Cancel);
        await _bench.EndAsync();
    }

    /// <summary>Begins a run whose rules are then another version's, in another language.</summary>
    private async Task BreakAsync()
    {
        var first = await _bench.BeginAsync();
        _bench.Registry.Register("rules-0", "rules", version: "1.4");
        first.Opens().Fails("unreachable", retryable: true, "rules-0");
    }
}
