using Pipeline.Contracts.Broker.V1;

namespace Pipeline.ServiceDefaults.Discovery;

/// <summary>Something that a subscriber is told.</summary>
/// <param name="View">The registry after it.</param>
public abstract record RegistryEvent(RegistryView View);

/// <summary>
/// The view replaces all that was known: first of all; when changes were missed; and when the broker restarted, which the view's epoch
/// shows. Within the first time to live of a new epoch an instance that is not there may just not have registered again yet.
/// </summary>
/// <param name="View">The registry.</param>
public sealed record RegistryReset(RegistryView View) : RegistryEvent(View);

/// <summary>One instance registered, began to drain or departed.</summary>
/// <param name="View">The registry after it.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Instance">The instance after it; of a departed one, its state tells why.</param>
public sealed record RegistryChanged(RegistryView View, ChangeKind Kind, Instance Instance) : RegistryEvent(View);

/// <summary>The broker went away or came back, as the view's IsConnected tells.</summary>
/// <param name="View">The registry, otherwise as before.</param>
public sealed record RegistryConnection(RegistryView View) : RegistryEvent(View);
