using System.ComponentModel.DataAnnotations;
using Pipeline.Contracts;

namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>Where a service listens and how much it takes; section "Endpoints". Everything is bound to loopback.</summary>
public sealed class EndpointOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Endpoints";

    /// <summary>Environment variable of <see cref="GrpcPort"/>.</summary>
    public const string GrpcPortVariable = "PIPELINE_GRPC_PORT";

    /// <summary>Port of the gRPC endpoint (HTTP/2 on 127.0.0.1), from PIPELINE_GRPC_PORT: 0 to 65535.</summary>
    /// <value>Default 0 = any free one; ask <see cref="BoundEndpoints"/> which.</value>
    [Range(0, 65535, ErrorMessage = $"{GrpcPortVariable} must be a port: 0 to 65535, 0 = any free one.")]
    public int GrpcPort { get; set; }

    /// <summary>Silence on a connection after which the peer is pinged: 1 s to 10 min.</summary>
    /// <value>Default 2 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan KeepAlivePingDelay { get; set; } = StageContract.PingDelay;

    /// <summary>Time for the answer to a ping, after which the connection is dead: 1 s to 10 min.</summary>
    /// <remarks>A ping cannot tell hung from busy. Under an AppHost a hung process is found sooner, by its supervisor.</remarks>
    /// <value>Default 5 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan KeepAlivePingTimeout { get; set; } = StageContract.PingTimeout;

    /// <summary>Bytes that may be under way unread on one call: 64 KiB to 64 MiB.</summary>
    /// <value>Default 1 MiB.</value>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int StreamWindowBytes { get; set; } = 1024 * 1024;

    /// <summary>Bytes that may be under way unread on one connection: 64 KiB to 64 MiB.</summary>
    /// <value>Default 2 MiB.</value>
    [Range(64 * 1024, 64 * 1024 * 1024)]
    public int ConnectionWindowBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>Calls at once on one connection: 1 to 10,000.</summary>
    /// <value>Default 100.</value>
    [Range(1, 10_000)]
    public int MaxStreamsPerConnection { get; set; } = 100;

    /// <summary>Connections at once: 1 to 100,000. Further ones are closed. Those without the key hold half of them at most.</summary>
    /// <remarks>Times <see cref="ConnectionWindowBytes"/>, it bounds what callers can make the service hold.</remarks>
    /// <value>Default 256.</value>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 256;

    /// <summary>Longest time to the first request with the key, after which a connection is closed: 1 s to 10 min.</summary>
    /// <value>Default 10 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan AuthorizationTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest gRPC message taken or sent, in bytes: 1 KiB to 64 MiB.</summary>
    /// <value>Default 16 MiB, the contract's limit.</value>
    [Range(1024, 64 * 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = StageContract.MaxMessageBytes;
}
