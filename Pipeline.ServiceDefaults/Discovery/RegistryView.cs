using System.Collections.Immutable;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.ServiceDefaults.Discovery;

/// <summary>The registry as it was at one revision; never changes.</summary>
/// <param name="Epoch">The broker's epoch; empty before the first snapshot. Revisions of different epochs do not compare.</param>
/// <param name="Revision">The revision up to which everything is in it.</param>
/// <param name="Instances">Live and draining instances by id.</param>
/// <param name="IsConnected">False: the broker is away, and this is what was known when it was last heard.</param>
public sealed record RegistryView(string Epoch, long Revision, ImmutableSortedDictionary<string, Instance> Instances, bool IsConnected)
{
    /// <summary>Before anything is known.</summary>
    public static RegistryView Empty { get; } = new("", 0, ImmutableSortedDictionary.Create<string, Instance>(StringComparer.Ordinal), false);

    /// <summary>The instances of a role that take new work, by id.</summary>
    public IEnumerable<Instance> Live(string role) =>
        Instances.Values.Where(instance => instance.State == InstanceState.Live && instance.Role == role);
}
