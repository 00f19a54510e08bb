using System.Collections.Immutable;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Observing;

namespace Pipeline.Orchestrator.Routes;

/// <summary>The broker's registry as last heard of.</summary>
internal sealed record RegistrySnapshot
{
    /// <summary>Nothing is known yet.</summary>
    public static RegistrySnapshot Unknown { get; } = new();

    /// <summary>Live and draining instances, in order of registration.</summary>
    public ImmutableArray<Instance> Instances { get; init; } = [];

    public long Revision { get; init; }

    public string Epoch { get; init; } = "";

    /// <summary>False: the broker is out of reach, and this is what was known last.</summary>
    public bool Connected { get; init; }

    /// <summary>The registration of this id; null where there is none.</summary>
    public Instance? Find(string instanceId) =>
        Instances.FirstOrDefault(instance => instance.InstanceId == instanceId && instance.Interface == StageContract.Interface);
}

/// <summary>Knows who is registered, by the broker's watch.</summary>
internal interface IStageRegistry
{
    /// <summary>The present snapshot, and the news of the next.</summary>
    Observation<RegistrySnapshot> Current { get; }
}

/// <summary>Asks an instance whether it is alive.</summary>
internal interface IHealthProbe
{
    /// <summary>True where its health service answers in time that it serves.</summary>
    Task<bool> AnswersAsync(string address, CancellationToken cancellationToken);
}
