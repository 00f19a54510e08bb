namespace Pipeline.Client.Registry;

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
}
