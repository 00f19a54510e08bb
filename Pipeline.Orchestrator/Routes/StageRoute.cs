using System.Collections.Immutable;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Contracts.V1;

namespace Pipeline.Orchestrator.Routes;

/// <summary>The instances that one attempt goes through, first stage first.</summary>
internal sealed record StageRoute(ImmutableArray<Instance> Instances)
{
    /// <summary>As OpenRun carries them: all but the first.</summary>
    public IEnumerable<Hop> Below => Hops.Skip(1);

    /// <summary>All of them.</summary>
    public IEnumerable<Hop> Hops => Instances.Select(HopOf);

    /// <summary>The hop that the orchestrator opens.</summary>
    public Hop First => HopOf(Instances[0]);

    /// <summary>The instance of this id; null where it is not of the route.</summary>
    public Instance? Find(string instanceId) => Instances.FirstOrDefault(instance => instance.InstanceId == instanceId);

    private static Hop HopOf(Instance instance) => new() { InstanceId = instance.InstanceId, Role = instance.Role, Address = instance.Address };
}

/// <summary>What planning a route came to.</summary>
internal abstract record RoutePlan
{
    /// <summary>There is one.</summary>
    public sealed record Found(StageRoute Route) : RoutePlan;

    /// <summary>These roles have no usable instance.</summary>
    /// <param name="Roles">The roles.</param>
    /// <param name="NotAdmitted">Instances of theirs that are up, but are not what the run began with.</param>
    public sealed record Missing(ImmutableArray<string> Roles, ImmutableArray<Instance> NotAdmitted) : RoutePlan;

    /// <summary>There are instances of all roles, but what one emits the next does not accept.</summary>
    public sealed record Unfit(string Message) : RoutePlan;
}
