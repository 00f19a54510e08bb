namespace Pipeline.Client.Registration;

/// <summary>How a service stands with the broker.</summary>
public enum RegistrationState
{
    /// <summary>Not registered yet, or the lease is gone and it registers again as soon as the broker can be reached.</summary>
    Unregistered,

    /// <summary>Registered, and the lease is alive by this service's own clock.</summary>
    Registered,

    /// <summary>Registered, finishing what it has and taking nothing new.</summary>
    Draining,
}
