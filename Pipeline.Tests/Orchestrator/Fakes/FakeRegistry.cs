using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Observing;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>A registry that tests change by hand.</summary>
internal sealed class FakeRegistry : IStageRegistry
{
    public static readonly string[] Roles = ["ingest", "parse", "rules", "aggregate", "sink"];

    private readonly Observable<RegistrySnapshot> _snapshots = new(RegistrySnapshot.Unknown with { Connected = true });
    private long _revision;

    public Observation<RegistrySnapshot> Current => _snapshots.Current;

    public static FakeRegistry Full()
    {
        var registry = new FakeRegistry();
        foreach (var role in Roles)
            registry.Register($"{role}-0", role);
        return registry;
    }

    /// <summary>Registers, or registers again with another lease.</summary>
    public Instance Register(string id, string role, string[]? accepts = null, string[]? emits = null)
    {
        var revision = ++_revision;
        var at = Array.IndexOf(Roles, role);
        var instance = new Instance
        {
            InstanceId = id,
            Interface = StageContract.Interface,
            Role = role,
            Address = $"http://127.0.0.1:{10_000 + revision}",
            State = InstanceState.Live,
            LeaseId = revision,
            RegisteredRevision = revision,
            Accepts = { accepts ?? (at == 0 ? [] : [at == 1 ? "lines" : "events"]) },
            Emits = { emits ?? (at == 4 ? [] : [at == 0 ? "lines" : "events"]) },
        };
        Change(instances => [.. instances.Where(other => other.InstanceId != id), instance]);
        return instance;
    }

    public void Drain(string id) => Change(instances => instances.Select(instance => instance.InstanceId == id
        ? new Instance(instance) { State = InstanceState.Draining }
        : instance));

    public void Remove(string id) => Change(instances => instances.Where(instance => instance.InstanceId != id));

    private void Change(Func<IEnumerable<Instance>, IEnumerable<Instance>> change) =>
        _snapshots.Change(snapshot => snapshot with { Instances = [.. change(snapshot.Instances)], Revision = _revision });
}
