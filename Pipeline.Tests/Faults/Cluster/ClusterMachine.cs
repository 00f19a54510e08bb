using System.Diagnostics;
using Aspire.Hosting;
using Pipeline.AppHost;

namespace Pipeline.Tests.Faults.Cluster;

/// <summary>A whole pipeline on a host, each process started again when it ends, as an AppHost or systemd does.</summary>
internal sealed class ClusterMachine(NetworkHost host, string folder, IReadOnlyDictionary<string, string> environment) : IClusterMachine
{
    private const string Broker = "http://127.0.0.1:7070";
    private static readonly TimeSpan RestartDelay = TimeSpan.FromMilliseconds(500);
    private readonly Dictionary<string, Supervised> _services = [];

    public NetworkHost Host => host;

    /// <summary>Where its orchestrator listens, within the host.</summary>
    public static string Orchestrator => "http://127.0.0.1:7080";

    /// <summary>How often its orchestrator has been started.</summary>
    public int OrchestratorStarts => _services["orchestrator"].Starts;

    /// <inheritdoc/>
    public Task StartAsync()
    {
        Directory.CreateDirectory(folder);
        var port = 7100;
        Add(new Projects.Pipeline_Broker(), "broker", ("PIPELINE_GRPC_PORT", "7070"), ("ASPNETCORE_URLS", "http://127.0.0.1:7071"));
        foreach (var (project, name) in new (IProjectMetadata, string)[]
        {
            (new Projects.Pipeline_Stages_Ingest(), "ingest"),
            (new Projects.Pipeline_Stages_Parse(), "parse"),
            (new Projects.Pipeline_Stages_Rules(), "rules"),
            (new Projects.Pipeline_Stages_Aggregate(), "aggregate"),
            (new Projects.Pipeline_Stages_Sink(), "sink"),
        })
        {
            Add(project, name, ("services__broker__grpc__0", Broker), ("ASPNETCORE_URLS", $"http://127.0.0.1:{++port}"));
        }

        Add(new Projects.Pipeline_Orchestrator(), "orchestrator", ("services__broker__grpc__0", Broker), ("ASPNETCORE_URLS", Orchestrator));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task KillAsync()
    {
        var services = _services.Values.ToList();
        _services.Clear();
        foreach (var service in services)
            service.Kill();
        await Task.WhenAll(services.Select(service => service.Ended));
    }

    /// <summary>Kills one of its processes, which is not started again.</summary>
    public async Task KillAsync(string service)
    {
        _services[service].Kill();
        await _services[service].Ended;
    }

    /// <summary>Starts one of its processes that was killed.</summary>
    public void Start(string service) => _services[service] = _services[service].Again();

    /// <inheritdoc/>
    public async Task<string> CommandAsync(params IEnumerable<string> arguments)
    {
        var start = host.StartInfo(ServiceFiles.PathOf(new Projects.Pipeline_Cli()), arguments);
        Set(start, ("PIPELINE_ORCHESTRATOR", Orchestrator));
        return await NetworkHost.OutputOf(start);
    }

    /// <inheritdoc/>
    public Task<string> LogsAsync() => Task.FromResult(string.Join('\n', Directory.EnumerateFiles(folder, "*.log").Order()
        .Select(path => $"--- {host.Name} {Path.GetFileName(path)}\n{string.Join('\n', File.ReadLines(path).TakeLast(15))}")));

    private void Add(IProjectMetadata project, string name, params (string Name, string Value)[] variables)
    {
        var start = host.StartInfo(ServiceFiles.PathOf(project));
        start.WorkingDirectory = folder;
        Set(start, [.. variables, ("PIPELINE_INSTANCE", $"{host.Name}-{name}"), ("PIPELINE_DATA", Path.Join(folder, "data"))]);
        _services[name] = new Supervised(start, Path.Join(folder, $"{name}.log"));
    }

    private void Set(ProcessStartInfo start, params (string Name, string Value)[] variables)
    {
        foreach (var (name, value) in environment.Select(variable => (variable.Key, variable.Value)).Concat(variables))
            start.Environment[name] = value;
        start.Environment[ServiceFiles.DotnetRoot] = ServiceFiles.RuntimeFolder;
    }

    /// <summary>A process that is started again when it ends.</summary>
    private sealed class Supervised
    {
        private readonly Lock _lock = new();
        private readonly ProcessStartInfo _start;
        private readonly string _log;
        private Process? _process;
        private bool _killed;

        public Supervised(ProcessStartInfo start, string log)
        {
            (_start, _log) = (start, log);
            (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
            Ended = Task.Run(SuperviseAsync);
        }

        public Task Ended { get; }

        public int Starts { get; private set; }

        public Supervised Again() => new(_start, _log);

        public void Kill()
        {
            lock (_lock)
            {
                _killed = true;
                if (_process is { HasExited: false })
                    _process.Kill();
            }
        }

        private async Task SuperviseAsync()
        {
            while (true)
            {
                Process process;
                lock (_lock)
                {
                    if (_killed)
                        return;
                    process = _process = Process.Start(_start)!;
                    Starts++;
                }

                await Task.WhenAll(KeepAsync(process.StandardOutput), KeepAsync(process.StandardError), process.WaitForExitAsync());
                await Task.Delay(RestartDelay);
            }
        }

        private async Task KeepAsync(StreamReader output)
        {
            while (await output.ReadLineAsync() is { } line)
            {
                lock (_lock)
                    File.AppendAllText(_log, line + "\n");
            }
        }
    }
}
