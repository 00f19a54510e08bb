using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Xunit.Abstractions;

namespace Pipeline.Tests.EndToEnd;

/// <summary>A stage that another takes over from, in the middle of a run: another version, or another process.</summary>
[Collection(PipelineCollection.Name)]
public sealed class StageReplacementTests(PipelineFixture fixture, ITestOutputHelper output)
{
    private PipelineUnderTest Pipeline => fixture.Pipeline;

    [Fact]
    public async Task Run_OfAnotherVersion_KeepsToItUntilItsUserAllowsTheOther()
    {
        await Pipeline.WaitForStagesAsync();
        using var other = await RulesProcess.StartAsync(Pipeline, "rules-other", "9.9.9");
        var (run, reference) = await Pipeline.StartPacedAsync("replaced");
        var ours = run.Implementations.Single(one => one.Role == "rules");

        var replaced = await Pipeline.Api.ReplaceStageAsync("rules", with: "rules-other");
        Assert.Equal((run.Id, "9.9.9"), (Assert.Single(replaced.Runs), replaced.Implementation.Version));
        run = await Pipeline.UntilAsync(run, now => now.History[^1] is { Checkpoint: > 0 } last && last.Route[2] == "rules-other");
        Tell(run);

        other.Kill();
        run = await Pipeline.UntilAsync(run, now => now.WaitingFor is not null);
        Assert.Equal(
            $"rules of csharp 9.9.9, to which it keeps (up: {ours}); start that again, or allow another with "
            + $"`pipeline resume {run.Id} --allow-upgrade` or `pipeline replace rules`",
            run.WaitingFor);
        Assert.Equal("failed", run.History[^1].Outcome);

        await Pipeline.Api.ResumeAsync(run.Id, allowUpgrade: true);
        run = await Pipeline.RestAsync(run);

        reference.Check(run);
        Assert.Equal(ours, run.Implementations.Single(one => one.Role == "rules"));
        Assert.Equal(
            [[], [$"rules: csharp 9.9.9 took over from {ours}"], [$"rules: {ours} took over from csharp 9.9.9"]],
            run.History.Select(attempt => attempt.TookOver));
    }

    [Fact]
    public async Task Stop_OfTheAppHostsOwn_RunGoesOnElsewhereAndItStaysStopped()
    {
        await Pipeline.WaitForStagesAsync();
        var resource = await Pipeline.Host.WaitForHealthyAsync("rules");
        var process = Pipeline.Host.ProcessOf("rules");
        using var twin = await RulesProcess.StartAsync(Pipeline, "rules-twin");
        var (run, reference) = await Pipeline.StartPacedAsync("stopped");

        var several = await Assert.ThrowsAsync<RunsApiException>(() => Pipeline.Api.StopStageAsync("rules"));
        var stopped = await Pipeline.Api.StopStageAsync(run.History[^1].Route[2]);

        Assert.Contains("rules-twin (csharp ", several.Message, StringComparison.Ordinal);
        Assert.Equal((true, process, run.Id), (stopped.Signalled, stopped.ProcessId, Assert.Single(stopped.Runs)));
        await Pipeline.Host.WaitForAsync("rules", change => change.Snapshot.Properties.Any(
            property => property is { Name: "restart", Value: string decision } && decision.EndsWith("; not restarted", StringComparison.Ordinal)));
        run = await Pipeline.RestAsync(run);
        Tell(run);
        reference.Check(run);
        Assert.Equal(["drained", "completed"], run.History.Select(attempt => attempt.Outcome));
        Assert.Equal("rules-twin", run.History[^1].Route[2]);
        Assert.Empty(run.History[^1].TookOver);

        var start = await Pipeline.Host.Application.ResourceCommands
            .ExecuteCommandAsync(resource.ResourceId, KnownResourceCommands.StartCommand).WaitAsync(AppHostUnderTest.Patience);
        Assert.True(start.Success, start.Message);
        await Pipeline.TopologyAsync(now => now.Instances.Any(
            one => one is { Role: "rules", State: "live" } && one.InstanceId != "rules-twin" && one.ProcessId != process));
        await Pipeline.Api.StopStageAsync("rules-twin");
        await twin.EndAsync();
    }

    private void Tell(Run run)
    {
        var between = run.History.Zip(run.History.Skip(1), (former, next) => (next.Started - former.Ended!.Value).TotalMilliseconds);
        output.WriteLine($"ms between attempts: {string.Join(" ", between.Select(time => time.ToString("0.0", CultureInfo.InvariantCulture)))}");
    }
}
