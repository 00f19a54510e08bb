using System.Text.Json.Serialization;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Client.Runs;

/// <summary>Who is registered where.</summary>
public sealed record Topology
{
    /// <summary>The registry's revision.</summary>
    public required long Revision { get; init; }

    /// <summary>The broker's epoch.</summary>
    public required string Epoch { get; init; }

    /// <summary>False: the broker is out of reach, and this is what was known last.</summary>
    public required bool Connected { get; init; }

    /// <summary>Departed ones last.</summary>
    public required IReadOnlyList<TopologyInstance> Instances { get; init; }
}

/// <summary>One instance.</summary>
public sealed record TopologyInstance
{
    /// <summary>A <see cref="State"/> that the page adds to those of the broker: registered, but does not answer.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>Its id.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Full name of the gRPC service that it serves.</summary>
    public required string Interface { get; init; }

    /// <summary>What it does in a pipeline.</summary>
    public required string Role { get; init; }

    /// <summary>Where it listens.</summary>
    public required string Address { get; init; }

    /// <summary>Kinds of batch that it takes.</summary>
    public required IReadOnlyList<string> Accepts { get; init; }

    /// <summary>Kinds of batch that it hands on.</summary>
    public required IReadOnlyList<string> Emits { get; init; }

    /// <summary>Version of its program.</summary>
    public required string Version { get; init; }

    /// <summary>Language of its program.</summary>
    public required string Language { get; init; }

    /// <summary>Of those settings of its process that change results; null: it tells none.</summary>
    public string? OptionsDigest { get; init; }

    /// <summary>Its process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>"live", "draining", "unregistered", "expired" or "replaced".</summary>
    public required string State { get; init; }

    /// <summary>When it registered.</summary>
    public required DateTimeOffset? Registered { get; init; }

    /// <summary>0 when departed.</summary>
    public required long LeaseRemainingMillis { get; init; }

    /// <summary>When it departed; null while it is registered.</summary>
    public required DateTimeOffset? Departed { get; init; }

    /// <summary>What carries out its role.</summary>
    [JsonIgnore]
    public Implementation Implementation => new(Role, Version, Language, OptionsDigest);

    /// <summary>As the broker has it.</summary>
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
        OptionsDigest = Implementation.Of(instance).OptionsDigest,
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
[JsonSerializable(typeof(StoppedInstance))]
[JsonSerializable(typeof(ReplacedRole))]
public sealed partial class TopologyJson : JsonSerializerContext;
