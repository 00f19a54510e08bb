namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>Feature of a connection that is closed unless a caller proves in time that it may use the service.</summary>
public interface IUnadmittedConnection
{
    /// <summary>True once a caller has proved it.</summary>
    bool IsAdmitted { get; }

    /// <summary>The connection may stay: a request with the key, or with what the service takes in its place, has come.</summary>
    void Admit();
}
