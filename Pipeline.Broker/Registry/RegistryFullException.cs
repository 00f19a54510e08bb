namespace Pipeline.Broker.Registry;

/// <summary>The registry takes no more for now.</summary>
internal sealed class RegistryFullException(string message) : Exception(message);
