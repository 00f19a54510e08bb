using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Registry;

/// <summary>Which instances a caller asks for; empty = any.</summary>
internal readonly record struct InstanceFilter(string Interface, string Role)
{
    /// <summary>Whether it asks for this one.</summary>
    public bool Matches(Instance instance) =>
        (Interface.Length == 0 || Interface == instance.Interface) && (Role.Length == 0 || Role == instance.Role);
}
