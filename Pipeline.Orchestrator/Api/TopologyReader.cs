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
internal sealed class TopologyReader(BrokerService.BrokerClient broker, IRegistry registry, IHealthProbe probe, CoordinatorOptions options)
{
    private const int PageSize = 1_000;
    private const int MaxInstances = 100_000;
    private const int MaxProbed = 100;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    /// <summary>The topology now: in the order of the default route, then of the other roles; those that have departed come last.</summary>
    /// <param name="role">Of the instances; null: any.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<Topology> ReadAsync(string? role, CancellationToken cancellationToken)
    {
        var topology = await ReadUnsortedAsync(role, cancellationToken);
        return topology with
        {
            Instances =
            [
                .. topology.Instances.OrderBy(instance => instance.Departed is not null)
                    .ThenBy(instance => options.Route.TakeWhile(other => other != instance.Role).Count())
                    .ThenBy(instance => instance.Role, StringComparer.Ordinal),
            ],
        };
    }

    /// <summary>As <see cref="ReadAsync"/>, of all roles; asks the first hundred whether they answer, as a killed one's lease goes on.</summary>
    /// <param name="cancellationToken">Ends the calls.</param>
    public async Task<Topology> ReadAndProbeAsync(CancellationToken cancellationToken)
    {
        var topology = await ReadAsync(null, cancellationToken);
        return topology with { Instances = await Task.WhenAll(topology.Instances.Select(ProbeAsync)) };

        async Task<TopologyInstance> ProbeAsync(TopologyInstance instance, int index) =>
            instance.Departed is not null || index >= MaxProbed || await probe.AnswersAsync(instance.Address, cancellationToken)
                ? instance
                : instance with { State = TopologyInstance.Unreachable };
    }

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
