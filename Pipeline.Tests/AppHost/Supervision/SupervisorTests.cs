using Aspire.Hosting.ApplicationModel;

namespace Pipeline.Tests.AppHost.Supervision;

/// <summary>The supervisor on the host that the build chose; its decisions without processes are tested beside.</summary>
public class SupervisorTests
{
    [Fact]
    public async Task A_process_that_crashes_again_and_again_is_given_up_and_the_others_stay_up()
    {
        await using var host = await AppHostUnderTest.StartAsync(
            "--Pipeline:Processes:own:Command=sh",
            "--Pipeline:Processes:own:Arguments:0=-c",
            "--Pipeline:Processes:own:Arguments:1=echo started; exit 3",
            "--Pipeline:Processes:own:Restart:Policy=OnFailure",
            "--Pipeline:Processes:own:Restart:InitialDelay=00:00:00.01",
            "--Pipeline:Processes:own:Restart:MaxRestarts=2");
        List<string> decisions = [];

        var given = await host.WaitForAsync("own", change =>
        {
            if (Decision(change) is { } decision && decision != decisions.LastOrDefault())
                decisions.Add(decision);
            return decisions.Count > 0 && decisions[^1].StartsWith("given up", StringComparison.Ordinal);
        });

        Assert.Equal(
            ["ended with exit code 3; restart 1 in 0.01 s", "ended with exit code 3; restart 2 in 0.02 s", "given up after too many restarts"],
            decisions);
        Assert.Equal(KnownResourceStates.FailedToStart, given.Snapshot.State?.Text);
        Assert.True(host.Application.ResourceNotifications.TryGetCurrentState("broker", out var broker));
        Assert.Equal(KnownResourceStates.Running, broker.Snapshot.State?.Text);
    }

    [Fact]
    public async Task A_process_that_completed_is_left_alone_where_only_failures_count()
    {
        await using var host = await AppHostUnderTest.StartAsync(
            "--Pipeline:Processes:own:Command=true",
            "--Pipeline:Processes:own:Restart:Policy=OnFailure");

        var left = await host.WaitForAsync("own", change => Decision(change) is not null);

        Assert.Equal("ended with exit code 0; not restarted", Decision(left));
    }

    [Fact]
    public async Task What_was_stopped_on_demand_stays_stopped_until_it_is_started()
    {
        await using var host = await AppHostUnderTest.StartAsync();
        var parse = await host.WaitForHealthyAsync("parse");

        await host.Application.ResourceCommands.ExecuteCommandAsync(parse.ResourceId, KnownResourceCommands.StopCommand);
        var stopped = await host.WaitForAsync("parse", change => Decision(change) is not null);
        Assert.Equal("was stopped on demand; not restarted", Decision(stopped));

        await host.Application.ResourceCommands.ExecuteCommandAsync(parse.ResourceId, KnownResourceCommands.StartCommand);
        await host.WaitForHealthyAsync("parse");
    }

    private static string? Decision(ResourceEvent change) =>
        change.Snapshot.Properties.FirstOrDefault(property => property.Name == "restart")?.Value as string;
}
