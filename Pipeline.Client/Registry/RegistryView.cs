using System.Collections.Immutable;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Client.Registry;

/// <summary>The registry as it was at one revision; never changes.</summary>
/// <param name="Epoch">The broker's epoch; empty before the first snapshot. Revisions of different epochs do not compare.</param>
/// <param name="Revision">The revision up to which everything is in it.</param>
/// <param name="Instances">Live and draining instances by id.</param>
/// <param name="Expired">Instances by id whose lease was seen to expire, and that have not registered again: the latest 256.</param>
/// <param name="TakenOut">Instances by id that departed after they had been taken out, and that have not registered again: the latest 256.</param>
/// <param name="IsConnected">False: the broker is away, and this is what was known when it was last heard.</param>
public sealed record RegistryView(
    string Epoch,
    long Revision,
    ImmutableSortedDictionary<string, Instance> Instances,
    ImmutableSortedDictionary<string, Instance> Expired,
    ImmutableSortedDictionary<string, Instance> TakenOut,
    bool IsConnected)
{
    private static readonly ImmutableSortedDictionary<string, Instance> None =
        ImmutableSortedDictionary.Create<string, Instance>(StringComparer.Ordinal);

    /// <summary>Before anything is known.</summary>
    public static RegistryView Empty { get; } = new("", 0, None, None, None, IsConnected: false);
}

/// <summary>The registered instances.</summary>
public interface IRegistry
{
    /// <summary>The latest view, and the news of the next.</summary>
    Observation<RegistryView> Current { get; }
}
