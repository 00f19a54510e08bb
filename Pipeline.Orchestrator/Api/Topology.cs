using System.Text.Json.Serialization;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Orchestrator.Api;

/// <summary>Who is registered where.</summary>
internal sealed record Topology
{
    public required long Revision { get; init; }

    public required string Epoch { get; init; }

    /// <summary>False: the broker is out of reach, and this is what was known last.</summary>
    public required bool Connected { get; init; }

    /// <summary>Departed ones last.</summary>
    public required IReadOnlyList<TopologyInstance> Instances { get; init; }
}

/// <summary>One instance.</summary>
internal sealed record TopologyInstance
{
    public required string InstanceId { get; init; }

    public required string Interface { get; init; }

    public required string Role { get; init; }

    public required string Address { get; init; }

    public required IReadOnlyList<string> Accepts { get; init; }

    public required IReadOnlyList<string> Emits { get; init; }

    public required string Version { get; init; }

    public required string Language { get; init; }

    public required int ProcessId { get; init; }

    /// <summary>"live", "draining", "unregistered", "expired" or "replaced".</summary>
    public required string State { get; init; }

    public required DateTimeOffset? Registered { get; init; }

    /// <summary>0 when departed.</summary>
    public required long LeaseRemainingMillis { get; init; }

    public required DateTimeOffset? Departed { get; init; }

    public static TopologyInstance Of(Instance instance) => new()
    {
        InstanceId = instance.InstanceId,
        Interface = instance.Interface,
        Role = instance.Role,
        Address = instance.Address,
        Accepts = [.. instance.Accepts],
        Emits = [.. instance.Emits],
        Version = instance.Version,
        Language = instance.Language,
        ProcessId = instance.ProcessId,
        State = instance.State.ToString().ToLowerInvariant(),
        Registered = TimeOf(instance.RegisteredUnixMs),
        LeaseRemainingMillis = instance.LeaseRemainingMs,
        Departed = TimeOf(instance.DepartedUnixMs),
    };

    private static DateTimeOffset? TimeOf(long unixMs) => unixMs > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(unixMs) : null;
}

/// <summary>How the topology is written.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Topology))]
internal sealed partial class TopologyJson : JsonSerializerContext;
