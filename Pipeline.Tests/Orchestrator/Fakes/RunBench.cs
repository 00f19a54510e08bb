using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>One run with its coordinator, and fakes around it.</summary>
internal sealed class RunBench
{
    private static readonly IMeterFactory NoMeters =
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();

    private readonly ILogger<AttemptRunner> _log;
    private readonly IMeterFactory _meters;

    public RunBench(FakeRegistry? registry = null, ILogger<AttemptRunner>? log = null, IMeterFactory? meters = null, string[]? route = null)
    {
        _log = log ?? NullLogger<AttemptRunner>.Instance;
        _meters = meters ?? NoMeters;
        Registry = registry ?? FakeRegistry.Full();
        Observable = new Observable<Run>(
            SampleRun.New(at: Time.GetUtcNow()) with { Options = new RunSettings { Input = "/in", Route = route ?? [] } });
    }

    public WatchedTime Time { get; } = new();

    public FakeRegistry Registry { get; }

    public FakeProbe Probe { get; } = new();

    public FakeStages Stages { get; } = new();

    public CoordinatorOptions Options { get; } = new();

    public StopSignal Stop { get; } = new();

    public Observable<Run> Observable { get; }

    public List<Run> Saved { get; } = [];

    /// <summary>Runs before a state that must be durable is saved.</summary>
    public Action<Run>? OnSave { get; set; }

    /// <summary>Runs before a state that is stored if it can be.</summary>
    public Action<Run>? OnTrySave { get; set; }

    public SpeedSeries Speed { get; } = new([]);

    public Run Run => Observable.Current.Value;

    /// <summary>What the coordinator does, once it is started.</summary>
    public Task Work { get; private set; } = Task.CompletedTask;

    /// <summary>Starts the run.</summary>
    /// <returns>Its first attempt.</returns>
    public async Task<FakeAttempt> BeginAsync()
    {
        Start();
        return await Stages.NextAsync();
    }

    /// <summary>Waits until the run is at rest.</summary>
    public Task EndAsync() => Work.WaitAsync(Waiting.Limit);

    public void Start(Func<Func<Task>, Task>? prepare = null)
    {
        var instruments = new RunInstruments(_meters);
        var attempts = new AttemptRunner(Stages, new RouteWatch(Registry, Probe), instruments, Options, Time, _log);
        var coordinator = new RunCoordinator(Registry, Probe, new InstanceLoad(), attempts, instruments, Options, Time, _log);
        Work = coordinator.RunAsync(new RunTracker(Observable, Save, TrySave, Speed, Time), "/work", Stop, prepare);
    }

    private void Save(Run run)
    {
        OnSave?.Invoke(run);
        Saved.Add(run);
    }

    private void TrySave(Run run)
    {
        OnTrySave?.Invoke(run);
        Saved.Add(run);
    }

    /// <summary>Waits until the run is as described.</summary>
    public async Task<Run> Until(Func<Run, bool> condition, string what)
    {
        while (true)
        {
            var now = Observable.Current;
            if (condition(now.Value))
                return now.Value;
            try
            {
                await now.Superseded.WaitAsync(Waiting.Limit);
            }
            catch (TimeoutException)
            {
                Assert.Fail($"waiting for {what}; the run is {now.Value.State}, waiting for {now.Value.WaitingFor}, {now.Value.Error}");
            }
        }
    }
}
