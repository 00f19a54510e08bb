using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Files;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Instances;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Service;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>The orchestrator's service on a real server, with fakes for broker and stages.</summary>
internal sealed class ServedOrchestrator : IAsyncDisposable
{
    public const string Key = "test-key";

    private readonly WebApplication _app;
    private bool _stopped;

    private ServedOrchestrator(WebApplication app, string folder, FakeRegistry registry, FakeStages stages, FakeInstanceControl control)
    {
        _app = app;
        Folder = folder;
        Registry = registry;
        Stages = stages;
        Control = control;
        Endpoint = EndpointFile.Read(EndpointPathIn(folder)) ?? throw new InvalidOperationException("no endpoint file");
        Client = new HttpClient { BaseAddress = new Uri(Endpoint.Address), Timeout = Waiting.Limit };
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public string Folder { get; }

    public FakeRegistry Registry { get; }

    public FakeStages Stages { get; }

    public FakeInstanceControl Control { get; }

    public EndpointFile Endpoint { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public string EndpointPath => EndpointPathIn(Folder);

    public static async Task<ServedOrchestrator> StartAsync(
        string? folder = null, FakeRegistry? registry = null, string? roots = null, int port = 0, Action<IServiceCollection>? configure = null)
    {
        // Links resolved, as messages have it: macOS has one on the way to its temporary folder.
        folder ??= RootedPath.Resolve(Directory.CreateTempSubdirectory("orchestrator-").FullName);
        registry ??= FakeRegistry.Full();
        var stages = new FakeStages();
        var control = new FakeInstanceControl(registry);
        var app = OrchestratorService.Build(["--urls", $"http://127.0.0.1:{port}"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["PIPELINE_KEY"] = Key,
                ["PIPELINE_DATA"] = Path.Combine(folder, "data"),
                ["PIPELINE_ROOTS"] = roots,
                ["PIPELINE_ENDPOINT_FILE"] = EndpointPathIn(folder),
                // Nobody listens there.
                ["services:broker:grpc:0"] = "http://127.0.0.1:1",
                ["Orchestrator:StopTimeout"] = "00:00:00",
            });
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton<IRegistry>(registry);
            builder.Services.AddSingleton<IHealthProbe>(new FakeProbe());
            builder.Services.AddSingleton<IStageClient>(stages);
            builder.Services.AddSingleton<IInstanceControl>(control);
            configure?.Invoke(builder.Services);
        });
        await app.StartAsync();
        await Waiting.ForFileAsync(EndpointPathIn(folder));
        return new ServedOrchestrator(app, folder, registry, stages, control);
    }

    /// <summary>Stops the service and leaves its folder.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await _app.StopAsync().WaitAsync(Waiting.Limit);
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await StopAsync();
        // A second one on the same folder may have been first.
        if (Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }

    private static string EndpointPathIn(string folder) => Path.Combine(folder, "run", "endpoint.json");
}
