using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Registry;

/// <summary>The registry at one revision.</summary>
/// <param name="Revision">The revision of its last change.</param>
/// <param name="Instances">Live and draining instances, with what was left of their leases.</param>
internal sealed record RegistrySnapshot(long Revision, IReadOnlyList<Instance> Instances);
