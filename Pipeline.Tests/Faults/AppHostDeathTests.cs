using System.Diagnostics;
using System.Globalization;
using Pipeline.Cli;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>SIGKILL of the AppHost itself: nothing it started outlives it, and the next start goes on with the run.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "apphost")]
public sealed class AppHostDeathTests : FolderTests
{
    private const int Usual = 3;

    private const string Key = "key-of-the-tests";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>DCP looks for its AppHost every few seconds.</summary>
    private static readonly TimeSpan MayLinger = TimeSpan.FromSeconds(20);

    /// <summary>Each service looks for its AppHost itself.</summary>
    private static readonly TimeSpan ServicesMayLinger = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);
    private readonly int _brokerPort = FreePort.Find();
    private readonly int _orchestratorPort = FreePort.Find();

    private string EndpointFile => InFolder("endpoint.json");

    [FaultFact]
    public async Task AppHost_Killed_LeavesNoProcessAndTheNextStartResumes()
    {
        var input = FaultBench.Write(InFolder("input.ndjson"), FaultSettings.Lines, 0.004);
        using var api = new RunsClient(new Uri($"http://127.0.0.1:{_orchestratorPort}"), Key);
        var processes = new ServiceProcesses(Folder);
        var row = new FaultRow("SIGKILL AppHost");
        var (slowestServices, slowest) = (TimeSpan.Zero, TimeSpan.Zero);
        Reference? reference = null;
        var n = 0;
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async random =>
        {
            var host = Start();
            try
            {
                await ReadyAsync(api);
                reference ??= Reference.Of(await RestAsync(api, await api.StartAsync(MixedInput.NewRun(input, "reference"))));
                // Slow enough to be under way still when the last process is gone.
                var settings = MixedInput.NewRun(input, $"out-{++n}");
                settings.Rate = reference.Counts.Lines / MayLinger.TotalSeconds;
                var run = await api.StartAsync(settings);
                await UntilAsync(async () =>
                    (await api.GetAsync(run.Id)).Progress.Lines >= reference.Counts.Lines * random.NextDouble() * 0.3);

                var dcp = DcpProcesses.Of(host.Id);
                host.Kill();
                var killed = Stopwatch.GetTimestamp();
                await UntilAsync(() => Task.FromResult(processes.All().Count == 0));
                var lingered = Stopwatch.GetElapsedTime(killed);
                slowestServices = lingered > slowestServices ? lingered : slowestServices;
                Assert.True(lingered <= ServicesMayLinger, $"a service lived on for {lingered.TotalSeconds:0.0} s");
                await UntilAsync(() => Task.FromResult(!dcp.AnyAlive));
                lingered = Stopwatch.GetElapsedTime(killed);
                slowest = lingered > slowest ? lingered : slowest;
                Assert.True(lingered <= MayLinger, $"DCP or the dashboard lived on for {lingered.TotalSeconds:0.0} s");
                await host.WaitForExitAsync().WaitAsync(Patience);

                host.Dispose();
                host = Start();
                await ReadyAsync(api);
                Assert.Equal(RunState.Interrupted, (await api.GetAsync(run.Id)).State);
                await ResumeAsync(run.Id);
                run = await RestAsync(api, run);
                reference.Check(run);
                Assert.True(run.Attempts > 1, "the run was over before the kill");
            }
            finally
            {
                await StopAsync(host);
            }
        });
        row.Note = string.Create(
            CultureInfo.InvariantCulture,
            $"services gone after {slowestServices.TotalSeconds:0.0} s, DCP and dashboard after {slowest.TotalSeconds:0.0} s at most");
        row.Finish();
    }

    private Process Start() => Process.Start(new ProcessStartInfo(
        "dotnet",
        [
            typeof(Projects.Pipeline_AppHost).Assembly.Location,
            "--Pipeline:Demo=false",
            $"--Pipeline:Key={Key}",
            $"--Pipeline:Data={Folder}",
            $"--Pipeline:Services:broker:Port={_brokerPort}",
            $"--Pipeline:Services:orchestrator:Port={_orchestratorPort}",
            $"--Pipeline:Environment:PIPELINE_ENDPOINT_FILE={EndpointFile}",
        ])
    {
        WorkingDirectory = Folder,
        // What appsettings.json says, on free ports.
        Environment =
        {
            ["ASPNETCORE_URLS"] = $"http://localhost:{FreePort.Find()}",
            ["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://localhost:{FreePort.Find()}",
            ["ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"] = $"http://localhost:{FreePort.Find()}",
        },
    })!;

    // As a person does it: the command line finds the orchestrator by its endpoint file, and follows the run to its end.
    private async Task ResumeAsync(string run)
    {
        var (code, output, error) = await Programs.RunAsync(new ProcessStartInfo("dotnet", [typeof(CommandLine).Assembly.Location, "resume", run])
        {
            Environment = { ["PIPELINE_ENDPOINT_FILE"] = EndpointFile },
        });
        Assert.True(code == 0, $"resume ended with {code}: {output} {error}");
    }

    private static async Task StopAsync(Process host)
    {
        if (!host.HasExited)
        {
            Signals.Terminate(host.Id);
            await host.WaitForExitAsync().WaitAsync(Patience);
        }

        host.Dispose();
    }

    private static Task ReadyAsync(RunsClient api) => UntilAsync(async () =>
    {
        var topology = await api.TopologyAsync();
        return PipelineUnderTest.Stages.All(role => topology.Instances.Any(instance => instance.Role == role && instance.State == "live"));
    });

    private static async Task<Run> RestAsync(RunsClient api, Run run)
    {
        await UntilAsync(async () => !(run = await api.GetAsync(run.Id)).State.IsActive());
        return run;
    }

    // Nothing tells this process what becomes of another one's children; so it looks.
    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                if (await condition())
                    return;
            }
            catch (RunsApiException exception) when (exception.Status is null)
            {
                // Not up yet.
            }

            if (Stopwatch.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"not within {Patience}");
            await Task.Delay(Glance);
        }
    }
}
