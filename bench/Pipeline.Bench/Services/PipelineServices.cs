using System.Security.Cryptography;
using Pipeline.Bench.Cli;
using Pipeline.Client.Runs;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Bench.Services;

/// <summary>Broker, five stages and orchestrator as processes of their own, as the AppHost starts them, for the time of the benchmark.</summary>
internal sealed class PipelineServices : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly Session _session;
    private readonly bool _sharedMemory;
    private readonly List<ServiceProcess> _processes = [];
    private RunsClient? _client;

    private PipelineServices(Session session, bool sharedMemory) => (_session, _sharedMemory) = (session, sharedMemory);

    /// <summary>The stages' roles, first stage first.</summary>
    public static IReadOnlyList<string> Roles { get; } = ["ingest", "parse", "rules", "aggregate", "sink"];

    public IReadOnlyList<ServiceProcess> Processes => _processes;

    /// <summary>Starts all, and returns when a run can be made.</summary>
    /// <param name="session">For processes, data, input and results.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="sharedMemory">Whether stages hand batches on through shared memory, where the system has it, or over gRPC alone.</param>
    /// <exception cref="BenchException">One did not start, or not in time.</exception>
    public static async Task<PipelineServices> StartAsync(Session session, CancellationToken cancellationToken, bool sharedMemory = true)
    {
        var services = new PipelineServices(session, sharedMemory);
        try
        {
            using var timeout = new CancellationTokenSource(StartTime);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
            try
            {
                await services.StartAllAsync(ending.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new BenchException($"the services were not ready within {StartTime.TotalSeconds} s");
            }

            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>Does something with them, as long as all of them live.</summary>
    /// <exception cref="BenchException">One has ended.</exception>
    public async Task<T> WhileAliveAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var working = work(ending.Token);
        await Task.WhenAny([working, .. _processes.Select(process => process.Exited)]);
        if (working.IsCompletedSuccessfully)
            return await working;
        // Ctrl-C reaches the whole process group: that they end then is no news.
        cancellationToken.ThrowIfCancellationRequested();
        if (_processes.Find(process => process.Exited.IsCompleted) is not { } ended)
            return await working;
        await ending.CancelAsync();
        await Task.WhenAny(working);
        throw ended.Failure();
    }

    /// <summary>Makes a run and waits for its end.</summary>
    /// <exception cref="BenchException">It did not complete at the first attempt.</exception>
    public async Task<Run> RunAsync(RunSettings settings, CancellationToken cancellationToken)
    {
        var client = _client ?? throw new InvalidOperationException("The services are not started.");
        try
        {
            var run = await client.StartAsync(settings, cancellationToken);
            await client.FollowAsync(run.Id, cancellationToken).LastAsync(cancellationToken);
            run = await client.GetAsync(run.Id, cancellationToken);
            if (run.State != RunState.Completed)
                throw new BenchException($"run {run.Id} is {run.State.ToText()}: {run.Error?.Message}");
            if (run.Attempts != 1)
                throw new BenchException($"run {run.Id} took {run.Attempts} attempts ({run.Error?.Message}): its figures say nothing");
            return run;
        }
        catch (RunsApiException error)
        {
            throw new BenchException(error.Message, error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        // They hold nothing that is worth an orderly stop, and the promise is that none is needed.
        foreach (var process in _processes)
            await process.DisposeAsync();
    }

    private async Task StartAllAsync(CancellationToken cancellationToken)
    {
        var folder = _sharedMemory ? _session.Folder : Directory.CreateDirectory(Path.Combine(_session.Folder, "grpc-alone")).FullName;
        var key = RandomNumberGenerator.GetHexString(64, lowercase: true);
        var brokerPort = FreePort.Find();
        var orchestrator = $"http://127.0.0.1:{FreePort.Find()}";
        var common = new Dictionary<string, string>
        {
            ["PIPELINE_KEY"] = key,
            ["DOTNET_GCgen0size"] = "0x800000",
            ["PIPELINE_DATA"] = Path.Combine(folder, "data"),
            ["PIPELINE_ROOTS"] = _session.Folder,
            ["PIPELINE_ENDPOINT_FILE"] = Path.Combine(folder, "endpoint.json"),
            ["PIPELINE_GRPC_PORT"] = "0",
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["services__broker__grpc__0"] = $"http://127.0.0.1:{brokerPort}",
        };
        if (!_sharedMemory)
            common["Stage__RingSlots"] = "0";
        Start("broker", "Pipeline.Broker", new(common) { ["PIPELINE_GRPC_PORT"] = $"{brokerPort}" });
        foreach (var role in Roles)
            Start(role, $"Pipeline.Stages.{char.ToUpperInvariant(role[0])}{role[1..]}", new(common) { ["PIPELINE_INSTANCE"] = role });
        Start("orchestrator", "Pipeline.Orchestrator", new(common) { ["ASPNETCORE_URLS"] = orchestrator });
        _client = new RunsClient(new Uri(orchestrator), key);
        await WhileAliveAsync(
            async ending =>
            {
                await _client.WaitUntilUpAsync(TimeProvider.System, _ => { }, ending);
                return await _client.FollowTopologyAsync(cancellationToken: ending).FirstAsync(item => HasRoute(item.Data), ending);
            },
            cancellationToken);
    }

    private static bool HasRoute(Topology topology)
    {
        var live = topology.Instances.Where(instance => instance.State == "live").Select(instance => instance.Role);
        return topology.Connected && !Roles.Except(live).Any();
    }

    private void Start(string name, string assembly, Dictionary<string, string> environment) =>
        _processes.Add(ServiceProcess.Start(name, assembly, [], environment));
}
