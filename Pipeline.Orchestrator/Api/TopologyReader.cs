using System.Runtime.CompilerServices;
using Grpc.Core;
using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Orchestrator.Api;

/// <summary>Reads the topology: from the broker, whose leases are fresh; where it is away, from what its watch told last.</summary>
internal sealed class TopologyReader(BrokerService.BrokerClient broker, IRegistry registry, IHealthProbe health, CoordinatorOptions options, TimeProvider time)
{
    private const int PageSize = 1_000;
    private const int MaxInstances = 100_000;
    private const int MaxProbed = 100;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbePatience = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    // Addresses that did not answer the last probe.
    private volatile IReadOnlySet<string> _silent = new HashSet<string>();
    // Of all roles.
    private volatile Topology? _latest;
    private Task _probe = Task.CompletedTask;
    private long _probedAt;

    /// <summary>How often processes are asked whether they answer.</summary>
    public static TimeSpan ProbeInterval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The topology with which a page begins: where it takes the place of its prerendered self, the one that was read last, at once, so that nothing
    /// vanishes in between.
    /// </summary>
    public async Task<Topology> ReadFirstAsync(bool isInteractive, CancellationToken cancellationToken) =>
        isInteractive && _latest is { } latest ? latest : await ReadAsync(null, cancellationToken);

    /// <summary>The topology now: in the order of the default route, then of the other roles; those that have departed come last.</summary>
    /// <param name="role">Of the instances; null: any.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<Topology> ReadAsync(string? role, CancellationToken cancellationToken)
    {
        var unsorted = await ReadUnsortedAsync(role, cancellationToken);
        var topology = unsorted with
        {
            Instances =
            [
                .. unsorted.Instances.OrderBy(instance => instance.Departed is not null)
                    .ThenBy(instance => options.Route.TakeWhile(other => other != instance.Role).Count())
                    .ThenBy(instance => instance.Role, StringComparer.Ordinal),
            ],
        };
        if (role is null)
            _latest = topology;
        return topology;
    }

    /// <summary>
    /// Reads the topology of all roles, and asks the first hundred instances, once in <see cref="ProbeInterval"/> for all callers, whether they answer:
    /// the lease of a killed process goes on for seconds. Where one takes its time, as a process that hangs does, the answers are those before.
    /// </summary>
    /// <param name="cancellationToken">Ends the calls.</param>
    public async Task<Topology> ReadAndProbeAsync(CancellationToken cancellationToken)
    {
        var topology = await ReadAsync(null, cancellationToken);
        Task probe;
        lock (_lock)
        {
            if (_probe.IsCompleted && time.GetElapsedTime(_probedAt) >= ProbeInterval)
                (_probe, _probedAt) = (ProbeAsync(topology), time.GetTimestamp());
            probe = _probe;
        }

        await await Task.WhenAny(probe, Task.Delay(ProbePatience, time, cancellationToken));
        return topology with
        {
            Instances =
            [
                .. topology.Instances.Select(instance =>
                    instance.Departed is null && _silent.Contains(instance.Address) ? instance with { State = TopologyInstance.Unreachable } : instance),
            ],
        };
    }

    private async Task ProbeAsync(Topology topology) => _silent = await health.FindSilentAsync(
        [.. topology.Instances.Where(instance => instance.Departed is null).Select(instance => instance.Address).Distinct().Take(MaxProbed)]);

    private async Task<Topology> ReadUnsortedAsync(string? role, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(role, cancellationToken);
        }
        catch (RpcException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var known = registry.Current.Value;
            return new Topology
            {
                Revision = known.Revision,
                Epoch = known.Epoch,
                Connected = false,
                Instances =
                [
                    .. known.Instances.Values.Where(instance => role is null || instance.Role == role)
                        .OrderBy(instance => instance.RegisteredRevision).Select(TopologyInstance.Of),
                ],
            };
        }
    }

    /// <summary>The topology now, and again after each change.</summary>
    /// <param name="role">Of which instances; null = of all.</param>
    /// <param name="stopping">Ends it in order.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public async IAsyncEnumerable<Topology> FollowAsync(
        string? role, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        while (!stopping.IsCancellationRequested)
        {
            var observed = registry.Current;
            yield return await ReadAsync(role, cancellationToken);
            await observed.Superseded.WaitAsync(ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private async Task<Topology> AskAsync(string? role, CancellationToken cancellationToken)
    {
        var instances = new List<TopologyInstance>();
        var request = new ListRequest { Role = role ?? "", IncludeDeparted = true, PageSize = PageSize };
        while (true)
        {
            var page = await broker.ListAsync(request, deadline: DateTime.UtcNow + Deadline, cancellationToken: cancellationToken);
            instances.AddRange(page.Instances.Select(TopologyInstance.Of));
            if (page.NextPageToken.Length == 0 || instances.Count >= MaxInstances)
                return new Topology { Revision = page.Revision, Epoch = page.Epoch, Connected = true, Instances = instances };
            request = new ListRequest(request) { PageToken = page.NextPageToken };
        }
    }
}
