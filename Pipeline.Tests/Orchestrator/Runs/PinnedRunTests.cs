using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Runs;

/// <summary>A run keeps to the implementations that it began with.</summary>
public sealed class PinnedRunTests
{
    private const string Waiting = "rules of node 1.0, with which it began (up: csharp 1.4); start that again, "
        + "or allow another with `pipeline resume 20260101-120000-ab12 --allow-upgrade` or `pipeline replace rules`";

    [Fact]
    public async Task Attempt_Begins_ItsImplementationsAreDurableBeforeAStageHears()
    {
        var bench = Bench();
        var work = bench.Start();
        var attempt = await bench.Stages.NextAsync();

        var stored = Assert.Single(bench.Saved).Implementations;
        Assert.Equal(FakeRegistry.Roles, stored.Select(one => one.Role));
        Assert.Equal(new Implementation("rules", "1.0", "node"), stored[2]);
        attempt.Opens().Completes();
        await work.WaitAsync(Limit);
    }

    [Fact]
    public async Task Attempt_OnlyAnotherImplementationIsUp_WaitsAndSaysSoUntilTheFirstIsBack()
    {
        var bench = Bench();
        var work = await BreakAsync(bench, version: "1.4");

        await bench.Until(run => run.WaitingFor == Waiting, "the message");
        Assert.True(bench.Stages.IsIdle);
        bench.Registry.Register("rules-1", "rules", version: "1.0", language: "node");
        var second = await bench.Stages.NextAsync();
        Assert.Equal("rules-1", second.Open.Route[1].InstanceId);
        Assert.Empty(bench.Run.History[^1].TookOver);
        second.Opens().Completes();
        await work.WaitAsync(Limit);
    }

    [Fact]
    public async Task Attempt_TheOtherImplementationIsAllowedMeanwhile_TakesItAndKeepsToIt()
    {
        var bench = Bench();
        var work = await BreakAsync(bench, version: "1.4");
        await bench.Until(run => run.WaitingFor == Waiting, "the message");

        bench.Observable.Change(run => run with { UpgradeAllowed = true });

        var second = await bench.Stages.NextAsync();
        second.Opens(new CheckpointPage { Id = 1, Position = new Position() }).Fails("unreachable", retryable: true, "rules-0");
        Assert.False(bench.Saved[^1].UpgradeAllowed);
        Assert.Equal("rules: csharp 1.4 took over from node 1.0", Assert.Single(bench.Run.History[1].TookOver));
        var third = await bench.Stages.NextAsync();
        Assert.Empty(bench.Run.History[^1].TookOver);
        Assert.Equal("1.4", bench.Run.Implementations[2].Version);
        third.Opens().Completes();
        await work.WaitAsync(Limit);
    }

    [Fact]
    public async Task Attempt_TheRunAllowsUpgrades_TakesTheOtherImplementationAtOnce()
    {
        var bench = Bench();
        bench.Observable.Change(run => run with { Options = run.Options with { AllowUpgrade = true } });
        var work = await BreakAsync(bench, version: "1.4");

        (await bench.Stages.NextAsync()).Opens().Completes();
        await work.WaitAsync(Limit);
        Assert.Equal(RunState.Completed, bench.Run.State);
    }

    [Fact]
    public async Task Attempt_RouteTimesOutForAnotherImplementation_FailsAndSaysHowToGoOn()
    {
        var bench = Bench();
        var work = await BreakAsync(bench, version: "1.4");
        await bench.Until(run => run.WaitingFor == Waiting, "the message");

        await bench.Time.LetPassAsync(bench.Options.RouteTimeout);

        await work.WaitAsync(Limit);
        Assert.Equal(
            "no usable instance of rules of node 1.0, with which it began (up: csharp 1.4) for 120 s: start that again, "
            + "or allow another with `pipeline resume 20260101-120000-ab12 --allow-upgrade`",
            bench.Run.Error?.Message);
    }

    [Fact]
    public async Task Attempt_SeveralRolesChanged_NamesEachImplementationOnce()
    {
        var bench = new RunBench();
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        foreach (var role in new[] { "parse", "sink" })
            bench.Registry.Register($"{role}-0", role, version: "2.0");
        bench.Registry.Remove("rules-0");
        first.Opens().Fails("unreachable", retryable: true, "rules-0");

        await bench.Until(
            run => run.WaitingBriefly == "rules and parse, sink of csharp 1.0, with which it began (up: csharp 2.0)", "the message");
        bench.Stop.Request(Pipeline.Orchestrator.Attempts.StopReason.Cancel);
        await work.WaitAsync(Limit);
    }

    [Fact]
    public async Task Attempt_AnotherImplementationReplacesOneOfItsRoute_DrainsAndGoesOnThere()
    {
        var bench = Bench();
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        first.Opens();
        bench.Registry.Register("rules-1", "rules", version: "1.4");
        Assert.True(bench.Stages.IsIdle);

        Assert.True(RunPins.Replace(bench.Observable, new Implementation("rules", "1.4", "csharp"), bench.Options));

        await first.DrainRequested;
        Assert.Equal(RunState.Running, bench.Run.State);
        first.Completes(drained: true);
        var second = await bench.Stages.NextAsync();
        Assert.Equal("rules-1", second.Open.Route[1].InstanceId);
        Assert.Equal("rules: csharp 1.4 took over from node 1.0", Assert.Single(bench.Run.History[^1].TookOver));
        second.Opens().Completes();
        await work.WaitAsync(Limit);
    }

    [Fact]
    public async Task Replace_BeforeTheFirstAttempt_BeginsWithTheOther()
    {
        var bench = Bench();
        bench.Registry.Register("rules-1", "rules", version: "1.4");
        bench.Registry.Remove("sink-0");
        var work = bench.Start();
        await bench.Until(run => run.WaitingFor is not null, "the message");

        Assert.False(RunPins.Replace(bench.Observable, new Implementation("audit", "1.4", "csharp"), bench.Options));
        Assert.True(RunPins.Replace(bench.Observable, new Implementation("rules", "1.4", "csharp"), bench.Options));

        bench.Registry.Register("sink-0", "sink");
        var attempt = await bench.Stages.NextAsync();
        Assert.Equal("rules-1", attempt.Open.Route[1].InstanceId);
        attempt.Opens().Completes();
        await work.WaitAsync(Limit);
    }

    private static TimeSpan Limit => Tests.Waiting.Limit;

    private static RunBench Bench()
    {
        var registry = FakeRegistry.Full();
        registry.Register("rules-0", "rules", version: "1.0", language: "node");
        return new RunBench(registry);
    }

    /// <summary>Begins a run whose rules are then another version's, in another language.</summary>
    private static async Task<Task> BreakAsync(RunBench bench, string version)
    {
        var work = bench.Start();
        var first = await bench.Stages.NextAsync();
        bench.Registry.Register("rules-0", "rules", version: version);
        first.Opens().Fails("unreachable", retryable: true, "rules-0");
        return work;
    }
}
