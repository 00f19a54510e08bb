using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The whole pipeline, ready for runs: AppHost, its processes, and a client that outlives the orchestrator's deaths.</summary>
internal sealed class PipelineUnderTest : IAsyncDisposable
{
    /// <summary>The roles of a route, in its order.</summary>
    public static readonly IReadOnlyList<string> Stages = ["ingest", "parse", "rules", "aggregate", "sink"];

    /// <summary>For one call; the machine may be busy.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    private PipelineUnderTest(AppHostUnderTest host)
    {
        Host = host;
        Api = new RunsClient(host.Application.GetEndpoint("orchestrator", "http"), AppHostUnderTest.Key) { Deadline = CallTimeout };
    }

    public AppHostUnderTest Host { get; }

    public RunsClient Api { get; }

    /// <summary>Starts it over a data directory of its own, which is gone afterwards.</summary>
    public static Task<PipelineUnderTest> StartAsync(params string[] configuration) => StartAsync(configuration, data: null);

    /// <summary>The same, in the ways of <see cref="AppHostUnderTest"/>.</summary>
    public static async Task<PipelineUnderTest> StartAsync(
        string[] configuration, string? data, Action<DistributedApplication>? beforeStart = null, bool dashboard = false)
    {
        var host = await AppHostUnderTest.StartAsync(configuration, data, beforeStart, dashboard);
        try
        {
            await host.WaitForHealthyAsync("orchestrator");
            return new PipelineUnderTest(host);
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>A folder for files of a test, below the data directory.</summary>
    public string Folder(string name) => Directory.CreateDirectory(Path.Combine(Host.Data, name)).FullName;

    /// <summary>
    /// Starts a run that takes at least seconds, so that whatever is done to it comes in its middle on a busy machine, too, and waits until it has begun.
    /// </summary>
    /// <param name="name">Prefix of its folders.</param>
    /// <returns>The run, and what an undisturbed one over the same input has made.</returns>
    public async Task<(Run Run, Reference Reference)> StartPacedAsync(string name)
    {
        const int lines = 40_000;
        const double seconds = 6;
        var input = FaultBench.Write(Path.Combine(Folder(name), "input.ndjson"), lines, badShare: 0);
        var reference = Reference.Of(await RunAsync(MixedInput.NewRun(input, "undisturbed", checkpointIntervalMillis: 20)));
        var settings = MixedInput.NewRun(input, "disturbed", checkpointIntervalMillis: 20);
        settings.Rate = lines / seconds;
        return (await UntilAsync(await Api.StartAsync(settings), now => now.Progress.Lines > 0), reference);
    }

    /// <summary>Makes a run, and follows it until it rests; one that was interrupted is resumed.</summary>
    public async Task<Run> RunAsync(RunSettings settings, TimeSpan? patience = null) => await RestAsync(await Api.StartAsync(settings), patience);

    /// <summary>Follows a run until it rests; one whose orchestrator died is resumed.</summary>
    /// <exception cref="TimeoutException">It does not rest; tells where it stands.</exception>
    public async Task<Run> RestAsync(Run run, TimeSpan? patience = null)
    {
        using var timeout = new CancellationTokenSource(patience ?? TimeSpan.FromMinutes(2));
        try
        {
            while (true)
            {
                try
                {
                    await foreach (var now in Api.FollowAsync(run.Id, timeout.Token))
                        run = now.Data;
                    run = await Api.GetAsync(run.Id);
                    if (run.State == RunState.Interrupted)
                        run = await Api.ResumeAsync(run.Id);
                    else if (!run.State.IsActive())
                        return run;
                }
                catch (RunsApiException exception) when (exception.Status is null)
                {
                    // The orchestrator died; the AppHost brings it back.
                    await Host.WaitForHealthyAsync("orchestrator");
                }

                timeout.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            throw new TimeoutException(
                $"run {run.Id} does not rest: {run.State}, attempt {run.Attempts}, waiting for {run.WaitingFor ?? "nobody"}, "
                + $"checkpoint {run.Progress.Checkpoint}, {run.Progress.Lines} lines, last error {run.Error?.Message ?? "none"}");
        }
    }

    /// <summary>Waits until the run looks as wanted, or rests.</summary>
    public async Task<Run> UntilAsync(Run run, Func<Run, bool> condition, TimeSpan? patience = null)
    {
        using var timeout = new CancellationTokenSource(patience ?? AppHostUnderTest.Patience);
        await foreach (var now in Api.FollowAsync(run.Id, timeout.Token))
        {
            run = now.Data;
            if (condition(run) || !run.State.IsActive())
                break;
        }

        return run;
    }

    /// <summary>Waits until the topology looks as wanted.</summary>
    public async Task<Topology> TopologyAsync(Func<Topology, bool> condition)
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        return (await Api.FollowTopologyAsync(cancellationToken: timeout.Token).FirstAsync(topology => condition(topology.Data), timeout.Token)).Data;
    }

    /// <summary>Waits until every stage is up: after the kill of another test one may be on its way.</summary>
    public Task<Topology> WaitForStagesAsync() => TopologyAsync(now => Stages.All(
        role => now.Instances.Any(instance => instance.Role == role && instance.State == "live")));

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await Host.DisposeAsync();
    }
}
