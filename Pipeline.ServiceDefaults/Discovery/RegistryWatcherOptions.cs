using System.ComponentModel.DataAnnotations;

namespace Pipeline.ServiceDefaults.Discovery;

/// <summary>What of the registry is followed; section "RegistryWatcher".</summary>
public sealed class RegistryWatcherOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "RegistryWatcher";

    /// <summary>Only instances that serve this gRPC service.</summary>
    /// <value>Default empty = any.</value>
    public string Interface { get; set; } = "";

    /// <summary>Only instances of this role.</summary>
    /// <value>Default empty = any.</value>
    public string Role { get; set; } = "";

    /// <summary>Events that a subscriber may leave unread, after which it is given the latest view instead: 1 to 100,000.</summary>
    /// <value>Default 1,024.</value>
    [Range(1, 100_000)]
    public int SubscriberQueue { get; set; } = 1024;
}
