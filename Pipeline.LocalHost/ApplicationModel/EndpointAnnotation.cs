using System.Net.Sockets;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A port that a resource listens on. Without a proxy, the port is the process's own.</summary>
public sealed class EndpointAnnotation : IResourceAnnotation
{
    /// <summary>Describes an endpoint.</summary>
    /// <param name="protocol">TCP, as a rule.</param>
    /// <param name="uriScheme">http, tcp, ...; default the protocol's name.</param>
    /// <param name="transport">Not used here.</param>
    /// <param name="name">Default the scheme.</param>
    /// <param name="port">1 to 65535; default any free one.</param>
    /// <param name="targetPort">1 to 65535; default the port.</param>
    /// <param name="isExternal">Not used here.</param>
    /// <param name="isProxied">False: the port stays as given, in tests too.</param>
    public EndpointAnnotation(
        ProtocolType protocol,
        string? uriScheme = null,
        string? transport = null,
        [EndpointName] string? name = null,
        int? port = null,
        int? targetPort = null,
        bool? isExternal = null,
        bool isProxied = true)
    {
        Protocol = protocol;
        UriScheme = uriScheme ?? protocol.ToString().ToLowerInvariant();
        Transport = transport ?? (UriScheme is "http" or "https" ? "http" : protocol.ToString().ToLowerInvariant());
        Name = name ?? UriScheme;
        Port = port;
        TargetPort = targetPort;
        IsExternal = isExternal ?? false;
        IsProxied = isProxied;
    }

    /// <summary>The name, one of its kind on its resource.</summary>
    public string Name { get; set; }

    /// <summary>TCP, as a rule.</summary>
    public ProtocolType Protocol { get; set; }

    /// <summary>The wanted port; none means any.</summary>
    public int? Port { get; set; }

    /// <summary>The port that the process is told; none means <see cref="Port"/>.</summary>
    public int? TargetPort { get; set; }

    /// <summary>http, tcp, ...</summary>
    public string UriScheme { get; set; }

    /// <summary>What the process binds to.</summary>
    public string TargetHost { get; set; } = "localhost";

    /// <summary>Not used here.</summary>
    public string Transport { get; set; }

    /// <summary>Not used here.</summary>
    public bool IsExternal { get; set; }

    /// <summary>False: the port stays as given, in tests too.</summary>
    public bool IsProxied { get; set; }

    /// <summary>The address, once there is one.</summary>
    public AllocatedEndpoint? AllocatedEndpoint { get; set; }

    internal string? TargetPortEnvironmentVariable { get; set; }
}

/// <summary>An endpoint's address.</summary>
/// <param name="endpoint">The endpoint.</param>
/// <param name="address">The host.</param>
/// <param name="port">1 to 65535.</param>
public class AllocatedEndpoint(EndpointAnnotation endpoint, string address, int port)
{
    /// <summary>The endpoint.</summary>
    public EndpointAnnotation Endpoint { get; } = endpoint;

    /// <summary>The host.</summary>
    public string Address { get; } = address;

    /// <summary>1 to 65535.</summary>
    public int Port { get; } = port;

    /// <summary>scheme://host:port.</summary>
    public string UriString => $"{Endpoint.UriScheme}://{Address}:{Port}";

    /// <inheritdoc/>
    public override string ToString() => UriString;
}
