using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace Pipeline.Tests.LocalHost.Orchestration;

public class InstanceTests
{
    [Theory]
    [InlineData("exit 0", 0)]
    [InlineData("exit 3", 3)]
    [InlineData("kill -9 $$", 137)]
    public async Task A_process_that_ends_is_finished_with_its_exit_code_and_stays_so(string script, int exitCode)
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(builder, "own", script));

        var ended = await local.WaitForAsync("own", KnownResourceStates.Finished);

        Assert.Equal(exitCode, ended.Snapshot.ExitCode);
        Assert.NotNull(ended.Snapshot.StartTimeStamp);
    }

    [Fact]
    public async Task Output_of_both_kinds_is_kept_and_told()
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(builder, "own", "echo out; echo err >&2"));

        var ended = await local.WaitForAsync("own", KnownResourceStates.Finished);

        Assert.Equal(["err", "out"], (await local.LinesAsync(ended.ResourceId, 2)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_command_that_is_not_there_fails_to_start_and_says_why()
    {
        await using var local = await LocalApplication.StartAsync(builder => builder.AddExecutable("own", "no-such-command", "/"));

        var failed = await local.WaitForAsync("own", KnownResourceStates.FailedToStart);

        Assert.Equal(["The command 'no-such-command' of 'own' was not found."], await local.LinesAsync(failed.ResourceId, 1));
    }

    [Fact]
    public async Task A_port_in_use_fails_the_start_and_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var local = await LocalApplication.StartAsync(builder => Shell(builder, "own", "sleep 1000").WithHttpEndpoint(port));

        var failed = await local.WaitForAsync("own", KnownResourceStates.FailedToStart);

        Assert.Equal([$"Port {port} is in use; 'own' wants it for its endpoint 'http'."], await local.LinesAsync(failed.ResourceId, 1));
    }

    [Fact]
    public async Task A_stop_ends_the_whole_tree_however_its_members_detached()
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(
            builder, "own", "setsid sleep 1000 & echo $!; (sleep 1000 & echo $!); echo $$; exec sleep 1000"));
        var running = await local.WaitForAsync("own", KnownResourceStates.Running);
        var processes = (await local.LinesAsync(running.ResourceId, 3)).Select(Find).ToList();

        var result = await local.Application.ResourceCommands.ExecuteCommandAsync(running.ResourceId, KnownResourceCommands.StopCommand);

        Assert.True(result.Success);
        foreach (var process in processes)
            await process.WaitForExitAsync().WaitAsync(LocalApplication.Patience);
        await local.WaitForAsync("own", KnownResourceStates.Finished);
    }

    [Fact]
    public async Task A_crash_takes_what_the_process_started_with_it()
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(builder, "own", "setsid sleep 1000 & echo $!; exit 1"));
        var ended = await local.WaitForAsync("own", KnownResourceStates.Finished);

        var child = (await local.LinesAsync(ended.ResourceId, 1))[0];
        try
        {
            await Find(child).WaitForExitAsync().WaitAsync(LocalApplication.Patience);
        }
        catch (ArgumentException)
        {
            // It is gone already.
        }
    }

    [Fact]
    public async Task A_stop_kills_what_does_not_end_when_asked()
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(
            builder, "own", "trap '' TERM; echo ready; while :; do read -r x </dev/zero; done"));
        var running = await local.WaitForAsync("own", KnownResourceStates.Running);
        await local.LinesAsync(running.ResourceId, 1);

        var asked = Stopwatch.GetTimestamp();
        await local.Application.ResourceCommands.ExecuteCommandAsync(running.ResourceId, KnownResourceCommands.StopCommand);

        Assert.InRange(Stopwatch.GetElapsedTime(asked), TimeSpan.FromSeconds(5.9), TimeSpan.FromSeconds(15));
        Assert.Equal(137, (await local.WaitForAsync("own", KnownResourceStates.Finished)).Snapshot.ExitCode);
    }

    [Fact]
    public async Task A_stopped_process_hears_the_request_to_end()
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(
            builder, "own", "trap 'echo bye; exit 5' TERM; echo ready; kill -STOP $$; while :; do sleep 0.01; done"));
        var running = await local.WaitForAsync("own", KnownResourceStates.Running);
        await local.LinesAsync(running.ResourceId, 1);

        await local.Application.ResourceCommands.ExecuteCommandAsync(running.ResourceId, KnownResourceCommands.StopCommand);

        Assert.Equal(5, (await local.WaitForAsync("own", KnownResourceStates.Finished)).Snapshot.ExitCode);
    }

    [Fact]
    public async Task A_restart_goes_through_stopping_to_a_new_process()
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(builder, "own", "exec sleep 1000"));
        var first = await local.WaitForAsync("own", KnownResourceStates.Running);
        var states = StatesAsync(local, "own", 5);

        var result = await local.Application.ResourceCommands.ExecuteCommandAsync("own", KnownResourceCommands.RestartCommand);

        Assert.True(result.Success);
        Assert.Equal(["Running", "Stopping", "Finished", "Starting", "Running"], await states);
        var second = await local.WaitForAsync("own", KnownResourceStates.Running);
        Assert.Equal(first.ResourceId, second.ResourceId);
        Assert.NotEqual(Pid(first), Pid(second));
    }

    [Fact]
    public async Task A_dependent_waits_for_health_and_learns_the_address()
    {
        var page = Directory.CreateTempSubdirectory("page").FullName;
        await using var local = await LocalApplication.StartAsync(
            builder =>
            {
                var server = builder.AddExecutable("server", "sh", page, "-c", "python3 -m http.server $PORT --bind 127.0.0.1")
                    .WithHttpEndpoint(port: 80, env: "PORT")
                    .WithHttpHealthCheck("/ready");
                Shell(builder, "client", "echo $server")
                    .WithEnvironment("server", server.GetEndpoint("http"))
                    .WaitFor(server);
            },
            "--DcpPublisher:RandomizePorts=true");
        await local.WaitForAsync("client", KnownResourceStates.Waiting);
        var unhealthy = await local.WaitForAsync("server", change => change.Snapshot.HealthReports.Any(report => report.Status is not null));
        Assert.Equal("Unhealthy", unhealthy.Snapshot.HealthStatus.ToString());

        await File.WriteAllTextAsync(Path.Combine(page, "ready"), "yes");

        var client = await local.WaitForAsync("client", KnownResourceStates.Finished);
        var server = await local.WaitForAsync("server", change => change.Snapshot.HealthStatus.ToString() == "Healthy");
        Assert.Equal([server.Snapshot.Urls.Single().Url], await local.LinesAsync(client.ResourceId, 1));
        Assert.DoesNotContain(":80", server.Snapshot.Urls.Single().Url + "/", StringComparison.Ordinal);
        Directory.Delete(page, recursive: true);
    }

    [Fact]
    public async Task A_dependent_of_what_ended_fails_to_start_where_nobody_could_see_it_wait()
    {
        await using var local = await LocalApplication.StartAsync(builder =>
            Shell(builder, "client", "exit 0").WaitFor(Shell(builder, "server", "exit 1").WithHttpEndpoint().WithHttpHealthCheck()));

        await local.WaitForAsync("client", KnownResourceStates.FailedToStart);
    }

    [Fact]
    public async Task The_plain_name_is_no_id()
    {
        await using var local = await LocalApplication.StartAsync(builder => Shell(builder, "own", "exec sleep 1000"));
        var running = await local.WaitForAsync("own", KnownResourceStates.Running);

        Assert.Matches("^own-[a-z]{8}$", running.ResourceId);
        var unknown = await local.Application.ResourceCommands.ExecuteCommandAsync("other", KnownResourceCommands.StopCommand);
        Assert.Equal("Resource 'other' not found.", unknown.ErrorMessage);
    }

    private static async Task<IReadOnlyList<string>> StatesAsync(LocalApplication local, string resource, int count)
    {
        List<string> states = [];
        await local.WaitForAsync(resource, change =>
        {
            if (change.Snapshot.State?.Text is { } state && state != states.LastOrDefault())
                states.Add(state);
            return states.Count == count;
        });
        return states;
    }

    private static object? Pid(ResourceEvent change) =>
        change.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value;

    private static Process Find(string pid) => Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture));

    private static IResourceBuilder<ExecutableResource> Shell(IDistributedApplicationBuilder builder, string name, string script) =>
        builder.AddExecutable(name, "sh", "/", "-c", script);
}
