using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.TestingHost;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Cluster;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Tests.Orchestrator.Cluster;

/// <summary>Machines of a cluster in this process: Orleans as it is, with a membership table in memory, and fake pipelines.</summary>
internal sealed class TestMachines : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, TestMachine> _byName = new();
    private readonly InProcessTestCluster _cluster;
    private int _last = -1;

    private TestMachines(int count, Action<int, TestMachine>? configure)
    {
        var builder = new InProcessTestClusterBuilder((short)count);
        builder.Options.InitializeClientOnDeploy = false;
        // They would lie beside the programs.
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((options, silo) =>
        {
            // Silos are built at the same time.
            var machine = _byName.GetOrAdd(options.SiloName, name => new TestMachine(name) { Number = Interlocked.Increment(ref _last) });
            configure?.Invoke(machine.Number, machine);
            machine.AddTo(silo);
        });
        _cluster = builder.Build();
    }

    /// <summary>Those that started, in order.</summary>
    public IReadOnlyList<TestMachine> All => [.. _cluster.Silos.Select(silo => _byName[silo.Name])];

    public TestMachine this[int index] => All[index];

    /// <summary>Starts so many machines; each may be changed before it starts, by its number from 0.</summary>
    public static async Task<TestMachines> StartAsync(int count = 3, Action<int, TestMachine>? configure = null)
    {
        var machines = new TestMachines(count, configure);
        await machines._cluster.DeployAsync();
        foreach (var silo in machines._cluster.Silos)
            machines._byName[silo.Name].Silo = silo;
        await Task.WhenAll(machines.All.Select(machine => machine.SeesAsync(count)));
        return machines;
    }

    public Task StartAnotherAsync() => _cluster.StartAdditionalSiloAsync();

    /// <summary>Ends a machine without a word to the others.</summary>
    public Task KillAsync(TestMachine machine) => _cluster.KillSiloAsync(machine.Silo);

    public Task DeactivatedAsync(string runId, int slice) =>
        _cluster.WaitForDeactivationAsync(this[0].Get<Orleans.IGrainFactory>().GetGrain<ISliceGrain>(SliceKey.Of(runId, slice)));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();
}

/// <summary>One machine: what it is told to be, and what it was asked for.</summary>
internal sealed class TestMachine(string name) : ILocalPipeline, ISliceWorkers, IPartitionedRuns, IActiveRuns
{
    public string Name => name;

    /// <summary>From 0, in the order in which machines were built.</summary>
    public int Number { get; init; }

    public InProcessSiloHandle Silo { get; set; } = null!;

    public ClusterSettings Settings { get; } = new() { Provider = ClusterProvider.Localhost };

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public int Cores { get; set; } = 2;

    public bool IsWhole { get; set; } = true;

    /// <summary>State of the slices that it tells of.</summary>
    public RunState State { get; set; } = RunState.Running;

    /// <summary>What they failed with.</summary>
    public RunError? Error { get; set; }

    public ConcurrentDictionary<int, StopReason?> Slices { get; } = new();

    public ConcurrentDictionary<string, StopReason?> Runs { get; } = new();

    public ClusterWorkers Cluster => Get<ClusterWorkers>();

    public T Get<T>()
        where T : notnull => Silo.SiloHost.Services.GetRequiredService<T>();

    /// <summary>Returns when it sees so many live machines, and knows that they can work on slices.</summary>
    public async Task SeesAsync(int count)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await Get<IClusterMembershipService>().MembershipUpdates.FirstAsync(
            snapshot => snapshot.Members.Values.Count(member => member.Status == SiloStatus.Active) == count, timeout.Token);
        await Get<IClusterManifestProvider>().Updates.FirstAsync(manifest => manifest.Silos.Count == count, timeout.Token);
    }

    public void AddTo(ISiloBuilder silo)
    {
        var services = silo.Services;
        services.AddSingleton<ILocalPipeline>(this);
        services.AddSingleton<IActiveRuns>(this);
        services.AddKeyedSingleton<ISliceWorkers>(ClusterSetup.Local, this);
        services.AddKeyedSingleton<IPartitionedRuns>(ClusterSetup.Local, this);
        silo.AddPipelineGrains(Settings);
        // Orleans goes by the system's clock, the machine tells its own.
        services.Replace(ServiceDescriptor.Singleton(provider => new LocalMachine(this, Settings, Time)));
        var membership = services.Last(service => service.ServiceType == typeof(IClusterMembershipService)).ImplementationFactory!;
        services.Replace(ServiceDescriptor.Singleton<IClusterMembershipService>(
            provider => new EndingMembership((IClusterMembershipService)membership(provider))));
        silo.Configure<ClusterMembershipOptions>(options =>
            (options.ProbeTimeout, options.MaxProbeTimeout) = (TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(400)));
    }

    public bool HasOtherMachines => true;

    ValueTask<int> ISliceWorkers.LanesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    ValueTask<int> ISliceWorkers.CapacityAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    Task<SliceReport> ISliceWorkers.AdvanceAsync(string runId, int slice, long seen, CancellationToken cancellationToken)
    {
        Slices.TryAdd(slice, null);
        var run = SampleRun.New(runId, State) with { Error = Error, Counts = new RunCounts { Lines = slice } };
        return Task.FromResult(new SliceReport(seen + 1, name, run));
    }

    Task ISliceWorkers.StopAsync(string runId, int slice, StopReason reason)
    {
        Slices[slice] = reason;
        return Task.CompletedTask;
    }

    Task IPartitionedRuns.EnsureAsync(string runId)
    {
        Runs.TryAdd(runId, null);
        return Task.CompletedTask;
    }

    Task IPartitionedRuns.StopAsync(string runId, StopReason reason)
    {
        Runs[runId] = reason;
        return Task.CompletedTask;
    }

    void IActiveRuns.Refresh()
    {
    }

    IReadOnlyList<string> IActiveRuns.List() => [];
}

/// <summary>
/// Membership that ends with its silo. The grain directory of one that was killed (LocalGrainDirectory.ProcessMembershipUpdates) asks for the
/// updates again as soon as they have ended, and would keep a processor busy until the process of the tests ends: here it waits.
/// </summary>
internal sealed class EndingMembership(IClusterMembershipService inner) : IClusterMembershipService
{
    private bool _hasEnded;

    public ClusterMembershipSnapshot CurrentSnapshot => inner.CurrentSnapshot;

    public IAsyncEnumerable<ClusterMembershipSnapshot> MembershipUpdates => UpdatesAsync();

    public ValueTask Refresh(MembershipVersion minimumVersion, CancellationToken cancellationToken) => inner.Refresh(minimumVersion, cancellationToken);

    public Task<bool> TryKill(SiloAddress siloAddress) => inner.TryKill(siloAddress);

    private async IAsyncEnumerable<ClusterMembershipSnapshot> UpdatesAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (_hasEnded)
            await Task.Delay(Timeout.Infinite, cancellationToken);
        await foreach (var snapshot in inner.MembershipUpdates.WithCancellation(cancellationToken))
            yield return snapshot;
        _hasEnded = true;
    }
}
