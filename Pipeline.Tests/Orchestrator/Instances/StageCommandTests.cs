using System.Net;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Instances;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Instances;

/// <summary>stop and replace, through the HTTP API and its client.</summary>
public sealed class StageCommandTests : IAsyncLifetime
{
    private ServedOrchestrator _served = null!;
    private RunsClient _client = null!;

    public async Task InitializeAsync()
    {
        _served = await ServedOrchestrator.StartAsync();
        _client = new RunsClient(_served.Client.BaseAddress!, ServedOrchestrator.Key);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _served.DisposeAsync();
    }

    [Fact]
    public async Task Stop_ARunGoesThroughIt_ItsProcessIsAskedToEndOnceTheRunHasLeft()
    {
        var (run, attempt) = await BeginAsync();
        _served.Registry.Register("rules-1", "rules");

        var stop = _client.StopStageAsync("rules-0");
        await attempt.DrainRequested;
        Assert.Empty(_served.Control.Terminated);
        attempt.Completes(drained: true);
        var stopped = await stop.WaitAsync(Waiting.Limit);

        Assert.Equal(FakeInstanceControl.Process, Assert.Single(_served.Control.Terminated));
        Assert.Equal(("rules-0", true, 4711), (stopped.InstanceId, stopped.Signalled, stopped.ProcessId));
        Assert.True(stopped.Drained);
        Assert.Equal([run.Id], stopped.Runs);
        var second = await _served.Stages.NextAsync();
        Assert.Equal("rules-1", second.Open.Route[1].InstanceId);
        second.Opens().Completes();
    }

    [Fact]
    public async Task Stop_ProcessIsNotKnown_IsTakenOutAndSaysWhy()
    {
        _served.Control.Found = new InstanceProcess(null, "it has not told its process id");

        var stopped = await _client.StopStageAsync("rules");

        Assert.Equal((false, "end it yourself: it has not told its process id"), (stopped.Signalled, stopped.Message));
        Assert.Empty(_served.Control.Terminated);
    }

    [Fact]
    public async Task Stop_RoleWithSeveralInstances_IsRefusedAndListsThem()
    {
        _served.Registry.Register("rules-1", "rules", version: "2.0", language: "node");

        var error = await Assert.ThrowsAsync<RunsApiException>(() => _client.StopStageAsync("rules"));

        Assert.Equal(HttpStatusCode.Conflict, error.Status);
        Assert.Equal("rules has 2 instances, name one: rules-0 (csharp 1.0), rules-1 (node 2.0)", error.Message);
    }

    [Fact]
    public async Task Stop_NobodyOfThatName_IsNotFound()
    {
        var error = await Assert.ThrowsAsync<RunsApiException>(() => _client.StopStageAsync("20260101-120000-ab12"));

        Assert.Equal(HttpStatusCode.NotFound, error.Status);
        Assert.Contains("To stop a run: `pipeline pause RUN`", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replace_OneOtherImplementationIsUp_TakesOverInActiveRuns()
    {
        var (run, attempt) = await BeginAsync();
        _served.Registry.Register("rules-1", "rules", version: "2.0", language: "node");

        var replaced = await _client.ReplaceStageAsync("rules");

        Assert.Equal(new Implementation("rules", "2.0", "node"), replaced.Implementation);
        Assert.Equal(("rules-1", run.Id), (Assert.Single(replaced.Instances), Assert.Single(replaced.Runs)));
        Assert.Empty(replaced.Stopped);
        await attempt.DrainsAsync();
        var second = await _served.Stages.NextAsync();
        Assert.Equal("rules-1", second.Open.Route[1].InstanceId);
        second.Opens().Completes();
        var shown = await CompletedAsync(run.Id);
        Assert.Equal("rules: node 2.0 took over from csharp 1.0", Assert.Single(shown.History[^1].TookOver));
    }

    [Fact]
    public async Task Replace_StopOld_TakesTheOthersOut()
    {
        _served.Registry.Register("rules-1", "rules", version: "2.0");

        var replaced = await _client.ReplaceStageAsync("rules", with: "rules-1", stopOld: true);

        Assert.Equal("rules-0", Assert.Single(replaced.Stopped).InstanceId);
        Assert.Empty(replaced.Runs);
        Assert.Single(_served.Control.Terminated);
    }

    [Fact]
    public async Task Replace_OneImplementationAndNoRun_IsRefused()
    {
        var error = await Assert.ThrowsAsync<RunsApiException>(() => _client.ReplaceStageAsync("rules"));

        Assert.Equal((HttpStatusCode.Conflict, "no other implementation of rules is up: rules-0 (csharp 1.0)"), (error.Status, error.Message));
    }

    [Fact]
    public async Task Replace_StopOldAndTheOldOneIsGoneMeanwhile_TellsOfItAndSucceeds()
    {
        _served.Registry.Register("rules-1", "rules", version: "2.0");
        _served.Control.Drains = false;

        var replaced = await _client.ReplaceStageAsync("rules", with: "rules-1", stopOld: true);

        Assert.Equal(
            (true, false, "rules-0 is gone, or has registered anew: topology tells"),
            (replaced.Stopped.Single().TakenOut, replaced.Stopped.Single().Drained, replaced.Stopped.Single().Message));
    }

    [Fact]
    public async Task Replace_StopOldAndTheBrokerIsOutOfReach_TellsThatItIsNotOut()
    {
        _served.Registry.Register("rules-1", "rules", version: "2.0");
        _served.Control.Failure = new StageException(FailureReasons.Unreachable, "the broker is out of reach: nothing was stopped");

        var replaced = await _client.ReplaceStageAsync("rules", with: "rules-1", stopOld: true);

        Assert.Equal(
            (false, "the broker is out of reach: nothing was stopped"), (replaced.Stopped.Single().TakenOut, replaced.Stopped.Single().Message));
    }

    [Fact]
    public async Task Replace_SeveralCouldTakeOver_IsRefusedAndListsThem()
    {
        var (_, attempt) = await BeginAsync();
        _served.Registry.Register("rules-1", "rules", version: "2.0");
        _served.Registry.Register("rules-2", "rules", version: "3.0");

        var several = await Assert.ThrowsAsync<RunsApiException>(() => _client.ReplaceStageAsync("rules"));
        var none = await Assert.ThrowsAsync<RunsApiException>(() => _client.ReplaceStageAsync("parse"));
        var unknown = await Assert.ThrowsAsync<RunsApiException>(() => _client.ReplaceStageAsync("rules", with: "parse-0"));

        Assert.Equal(
            (HttpStatusCode.Conflict, "several implementations of rules could take over, name an instance with --with: "
                + "rules-0 (csharp 1.0), rules-1 (csharp 2.0), rules-2 (csharp 3.0)"),
            (several.Status, several.Message));
        Assert.Equal("no other implementation of parse is up: parse-0 (csharp 1.0)", none.Message);
        Assert.Equal(HttpStatusCode.NotFound, unknown.Status);
        attempt.Completes();
    }

    [Fact]
    public async Task Resume_RunThatWaitsForItsImplementation_GoesOnWhereAnotherIsAllowed()
    {
        var (run, attempt) = await BeginAsync();
        _served.Registry.Register("rules-0", "rules", version: "2.0");
        attempt.Fails("unreachable", retryable: true, "rules-0");

        var refused = await Assert.ThrowsAsync<RunsApiException>(() => _client.ResumeAsync(run.Id));
        var resumed = await _client.ResumeAsync(run.Id, allowUpgrade: true);

        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.True(resumed.UpgradeAllowed);
        (await _served.Stages.NextAsync()).Opens().Completes();
        Assert.Equal("2.0", (await CompletedAsync(run.Id)).Implementations.Single(one => one.Role == "rules").Version);
    }

    [Fact]
    public async Task Resume_OrchestratorEndsBeforeTheNextAttempt_AnotherImplementationStaysAllowed()
    {
        var (run, attempt) = await BeginAsync();
        _served.Registry.Remove("parse-0");
        attempt.Fails("unreachable", retryable: true, "parse-0");
        await _client.ResumeAsync(run.Id, allowUpgrade: true);
        await _served.StopAsync();

        await using var next = await ServedOrchestrator.StartAsync(_served.Folder);
        using var client = new RunsClient(next.Client.BaseAddress!, ServedOrchestrator.Key);
        var resumed = await client.ResumeAsync(run.Id);

        Assert.True(resumed.UpgradeAllowed);
        (await next.Stages.NextAsync()).Opens().Completes();
    }

    [Fact]
    public async Task Resume_AllowUpgradeOfARunThatDrains_IsRefused()
    {
        var (run, attempt) = await BeginAsync();
        await _client.PauseAsync(run.Id);

        var refused = await Assert.ThrowsAsync<RunsApiException>(() => _client.ResumeAsync(run.Id, allowUpgrade: true));

        Assert.Equal((HttpStatusCode.Conflict, $"run {run.Id} is draining and cannot be resumed"), (refused.Status, refused.Message));
        attempt.Completes(drained: true);
    }

    private async Task<(Run Run, FakeAttempt Attempt)> BeginAsync()
    {
        var input = Path.Combine(_served.Folder, "in.ndjson");
        await File.WriteAllTextAsync(input, "");
        var run = await _client.StartAsync(new RunSettings { Input = input });
        return (run, (await _served.Stages.NextAsync()).Opens());
    }

    private async Task<Run> CompletedAsync(string id) =>
        (await _client.FollowAsync(id).FirstAsync(now => now.Data.State == RunState.Completed)).Data;
}
