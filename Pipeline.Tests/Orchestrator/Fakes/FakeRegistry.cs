using System.Collections.Immutable;
using Pipeline.Client.Registry;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>A registry that tests change by hand.</summary>
internal sealed class FakeRegistry : IRegistry
{
    public static readonly string[] Roles = ["ingest", "parse", "rules", "aggregate", "sink"];

    private readonly Observable<RegistryView> _views = new(RegistryView.Empty with { IsConnected = true });
    private long _revision;

    public Observation<RegistryView> Current => _views.Current;

    public static FakeRegistry Full()
    {
        var registry = new FakeRegistry();
        foreach (var role in Roles)
            registry.Register($"{role}-0", role);
        return registry;
    }

    /// <summary>Registers, or registers again with another lease.</summary>
    public Instance Register(
        string id, string role, string[]? accepts = null, string[]? emits = null, string version = "1.0", string language = "csharp", string? digest = null)
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
            Version = version,
            Language = language,
            ProcessId = 4711,
            Accepts = { accepts ?? (at == 0 ? [] : [at == 1 ? "lines" : "events"]) },
            Emits = { emits ?? (at == 4 ? [] : [at == 0 ? "lines" : "events"]) },
        };
        if (digest is not null)
            instance.Metadata[StageContract.OptionsDigestKey] = digest;
        Change(instances => instances.SetItem(id, instance));
        return instance;
    }

    public void Drain(string id) =>
        Change(instances => instances.SetItem(id, new Instance(instances[id]) { State = InstanceState.Draining }));

    public void Remove(string id) => Change(instances => instances.Remove(id));

    private void Change(Func<ImmutableSortedDictionary<string, Instance>, ImmutableSortedDictionary<string, Instance>> change) =>
        _views.Change(view => view with { Instances = change(view.Instances), Revision = _revision });
}
