using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

/// <summary>The supervisor on Aspire, with real processes; its decisions without processes are tested beside.</summary>
[Collection(WholeMachineCollection.Name)]
public class SupervisorTests
{
    private const string OnDemand = "was stopped on demand; not restarted";

    [Fact]
    public async Task Supervisor_ProcessCrashesAgainAndAgain_GivesUpAndLeavesTheOthers()
    {
        await using var host = await StartAsync("echo started; exit 3", "Policy=OnFailure", "InitialDelay=00:00:00.01", "MaxRestarts=2");
        List<string> decisions = [];

        var given = await host.WaitForAsync("own", change =>
        {
            if (Decision(change) is { } decision && decision != decisions.LastOrDefault())
                decisions.Add(decision);
            return change.Snapshot.State?.Text.StartsWith("given up", StringComparison.Ordinal) == true;
        });

        Assert.Equal(
            [
                "ended with exit code 3; restart 1 of 2 in 0.01 s",
                "ended with exit code 3; restart 2 of 2 in 0.02 s",
                "given up after too many restarts",
            ],
            decisions);
        Assert.Equal(("given up: ended with exit code 3", "error"), (given.Snapshot.State?.Text, given.Snapshot.State?.Style));
        Assert.Equal(ResourceCommandState.Enabled, StateOf(given, KnownResourceCommands.StartCommand));
        Assert.True(host.Application.ResourceNotifications.TryGetCurrentState("broker", out var broker));
        Assert.Equal(KnownResourceStates.Running, broker.Snapshot.State?.Text);
    }

    [Fact]
    public async Task Supervisor_ProcessCannotBeStartedAgainAndAgain_GivesUp()
    {
        await using var host = await AppHostUnderTest.StartAsync(
        [
            "--Pipeline:Processes:own:Command=/nowhere/program",
            "--Pipeline:Processes:own:Restart:InitialDelay=00:00:00.01",
            "--Pipeline:Processes:own:Restart:MaxRestarts=3",
        ]);

        var given = await host.WaitForAsync("own", change => change.Snapshot.State?.Text.StartsWith("given up", StringComparison.Ordinal) == true);

        Assert.Equal("given up: could not be started", given.Snapshot.State?.Text);
    }

    [Fact]
    public async Task Supervisor_ProcessCompletesAndOnlyFailuresCount_LeavesIt()
    {
        await using var host = await StartAsync("exit 0", "Policy=OnFailure");

        var left = await host.WaitForAsync("own", change => Decision(change) is not null);

        Assert.Equal(("ended with exit code 0; not restarted", KnownResourceStates.Finished), (Decision(left), left.Snapshot.State?.Text));
    }

    [Fact]
    public async Task Stop_RestartDue_StaysStoppedUntilStarted()
    {
        await using var host = await StartAsync("exit 3", "Policy=Always", "InitialDelay=00:10:00", "MaxDelay=00:10:00");
        var due = await host.WaitForAsync("own", change => change.Snapshot.State?.Text == "restart 1 of 10 in 600 s");
        Assert.Equal(ResourceCommandState.Enabled, StateOf(due, KnownResourceCommands.StopCommand));

        var commands = host.Application.ResourceCommands;
        Assert.True((await commands.ExecuteCommandAsync(due.ResourceId, KnownResourceCommands.StopCommand)).Success);
        await host.WaitForAsync(
            "own", change => (Decision(change), change.Snapshot.State?.Text) == (OnDemand, KnownResourceStates.Finished));

        await commands.ExecuteCommandAsync(due.ResourceId, KnownResourceCommands.StartCommand);
        await host.WaitForAsync("own", change => change.Snapshot.State?.Text == "restart 1 of 10 in 600 s");
    }

    [Fact]
    public async Task Restart_ByPerson_IsNoCrash()
    {
        await using var host = await StartAsync("trap 'exit 3' TERM; while :; do sleep 0.1; done", "Policy=Always", "MaxRestarts=1");
        for (var restarts = 0; restarts < 3; restarts++)
        {
            var running = await host.WaitForAsync("own", change => change.Snapshot.State?.Text == KnownResourceStates.Running);
            var restarted = await host.Application.ResourceCommands.ExecuteCommandAsync(
                running.ResourceId, KnownResourceCommands.RestartCommand);
            Assert.True(restarted.Success);
        }

        var last = await host.WaitForAsync("own", change => change.Snapshot.State?.Text == KnownResourceStates.Running);
        Assert.Equal(OnDemand, Decision(last));
    }

    [Fact]
    public async Task Supervisor_RootOfATreeCrashes_KillsTheRest()
    {
        await using var host = await StartAsync("sleep 1000 & echo $! > child; wait", "Policy=Never");
        var child = await ChildAsync(Path.Combine(host.Data, "child"));

        using (var root = System.Diagnostics.Process.GetProcessById(ProcessStatus.Read(child.Id)!.Value.Parent))
            root.Kill();
        await host.WaitForAsync("own", change => change.Snapshot.State?.Text == KnownResourceStates.Finished);

        await Waiting.UntilAsync(() => !child.IsAlive, "the end of the child", AppHostUnderTest.Patience);
    }

    [Fact]
    public async Task Stop_Service_StaysStoppedUntilStarted()
    {
        await using var host = await AppHostUnderTest.StartAsync();
        var parse = await host.WaitForHealthyAsync("parse");

        await host.Application.ResourceCommands.ExecuteCommandAsync(parse.ResourceId, KnownResourceCommands.StopCommand);
        var stopped = await host.WaitForAsync("parse", change => Decision(change) is not null);
        Assert.Equal(OnDemand, Decision(stopped));

        await host.Application.ResourceCommands.ExecuteCommandAsync(parse.ResourceId, KnownResourceCommands.StartCommand);
        await host.WaitForHealthyAsync("parse");
    }

    private static Task<AppHostUnderTest> StartAsync(string script, params string[] restart) => AppHostUnderTest.StartAsync(
        [
            "--Pipeline:Processes:own:Command=sh",
            "--Pipeline:Processes:own:Arguments:0=-c",
            $"--Pipeline:Processes:own:Arguments:1=cd \"$PIPELINE_DATA\"; {script}",
            .. restart.Select(setting => $"--Pipeline:Processes:own:Restart:{setting}"),
        ]);

    private static async Task<ProcessIdentity> ChildAsync(string file)
    {
        var id = 0;
        await Waiting.UntilAsync(
            () => File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out id),
            "the child", AppHostUnderTest.Patience);
        return ProcessIdentity.Find(id)!.Value;
    }

    private static ResourceCommandState StateOf(ResourceEvent change, string command) =>
        change.Snapshot.Commands.Single(known => known.Name == command).State;

    private static string? Decision(ResourceEvent change) =>
        change.Snapshot.Properties.FirstOrDefault(property => property.Name == "restart")?.Value as string;
}
