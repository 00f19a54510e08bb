namespace Pipeline.ServiceDefaults;

/// <summary>Where health is answered, on the HTTP/1.1 endpoints.</summary>
public static class HealthPaths
{
    /// <summary>Ready: every check is healthy; of a service that registers, that its lease is alive.</summary>
    public const string Health = "/health";

    /// <summary>Alive: the process answers.</summary>
    public const string Alive = "/alive";
}
