using System.Collections.Concurrent;
using System.Reflection;
using Pipeline.Client.Registry;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>What this machine can work on.</summary>
internal interface ILocalPipeline
{
    /// <summary>Slices that it can work on at once.</summary>
    int Cores { get; }

    /// <summary>Whether there is an instance for each role of the route.</summary>
    bool IsWhole { get; }
}

/// <summary>The pipeline of this machine, as its broker knows it.</summary>
internal sealed class LocalPipeline(IRegistry registry, CoordinatorOptions options) : ILocalPipeline
{
    public int Cores => options.LanesOrCores;

    public bool IsWhole =>
        RoutePlanner.Plan(options.Route, registry.Current.Value.Instances.Values, RunPins.None, _ => 0, _ => 0) is RoutePlan.Found;
}

/// <summary>What the other machines of the cluster are told of this one.</summary>
internal sealed class LocalMachine(ILocalPipeline pipeline, ClusterSettings settings, TimeProvider time)
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMinutes(5);

    private readonly Lazy<string> _storage = new(
        () => settings.Storage is { Length: > 0 } storage ? StorageIdentity.ReadOrCreate(storage) : "");

    // When a run, or a slice of it, found no route here.
    private readonly ConcurrentDictionary<string, long> _withoutRoute = new();

    private int _openSlices;

    /// <summary>The version of this program; settable for tests.</summary>
    public string Version { get; init; } =
        typeof(LocalMachine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>As it is now.</summary>
    public MachineReport Report()
    {
        foreach (var run in _withoutRoute.Where(run => time.GetElapsedTime(run.Value) >= RetryInterval))
            _withoutRoute.TryRemove(run);
        return new MachineReport
        {
            Name = Environment.MachineName,
            Cores = pipeline.Cores,
            OpenSlices = Volatile.Read(ref _openSlices),
            IsWhole = pipeline.IsWhole,
            WithoutRoute = [.. _withoutRoute.Keys],
            Version = Version,
            Storage = _storage.Value,
            Clock = time.GetUtcNow(),
        };
    }

    /// <summary>Counts a slice that is worked on here.</summary>
    public void Open() => Interlocked.Increment(ref _openSlices);

    /// <summary>Counts it no longer.</summary>
    public void Close() => Interlocked.Decrement(ref _openSlices);

    /// <summary>Notes that a run, or a slice of it, found no route here: for five minutes its slices are placed here only where no machine is better.</summary>
    public void FoundNoRoute(string runId) => _withoutRoute[runId] = time.GetTimestamp();
}
