using System.ComponentModel.DataAnnotations;
using Grpc.AspNetCore.Server;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.ServiceDefaults.Interceptors;

/// <summary>What is done around this service's calls; section "Interceptors". The check of the key cannot be switched off.</summary>
public sealed class InterceptorOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Interceptors";

    /// <summary>A log entry at the end of each call.</summary>
    public SwitchOptions Logging { get; set; } = new();

    /// <summary>A span for each part that this service has in a run. Without it the trace context is still handed on.</summary>
    public SwitchOptions Tracing { get; set; } = new();

    /// <summary>Bounds on what callers may ask for at once.</summary>
    [ValidateObjectMembers]
    public PolicyOptions Policy { get; set; } = new();
}

/// <summary>On or off.</summary>
public sealed class SwitchOptions
{
    /// <summary>Whether it is on.</summary>
    /// <value>Default true.</value>
    public bool Enabled { get; set; } = true;
}

/// <summary>Bounds of <see cref="PolicyInterceptor"/>.</summary>
public sealed class PolicyOptions
{
    /// <summary>Whether the bounds hold.</summary>
    /// <value>Default true.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>Calls of one method at once over one connection: 1 to 100,000. One more is RESOURCE_EXHAUSTED.</summary>
    /// <value>Default 64.</value>
    [Range(1, 100_000)]
    public int MaxCallsPerPeer { get; set; } = 64;

    /// <summary>Calls of one method at once over all connections: 1 to 100,000. One more is RESOURCE_EXHAUSTED.</summary>
    /// <value>Default 512.</value>
    [Range(1, 100_000)]
    public int MaxCallsPerMethod { get; set; } = 512;

    /// <summary>Longest time that a unary call may take whatever its deadline says: 10 ms to 1 h. Then it is DEADLINE_EXCEEDED.</summary>
    /// <value>Default 30 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan MaxUnaryDuration { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Message sizes and interceptors of every gRPC service; one that is switched off is not in the chain at all.</summary>
internal sealed class GrpcSetup(IOptions<EndpointOptions> endpoints, IOptions<InterceptorOptions> interceptors) : IConfigureOptions<GrpcServiceOptions>
{
    public void Configure(GrpcServiceOptions options)
    {
        if (!endpoints.TryGetValue(out var limits) || !interceptors.TryGetValue(out var switches))
            return;
        options.MaxReceiveMessageSize = limits.MaxMessageBytes;
        options.MaxSendMessageSize = limits.MaxMessageBytes;
        if (switches.Logging.Enabled)
            options.Interceptors.Add<LoggingInterceptor>();
        if (switches.Policy.Enabled)
            options.Interceptors.Add<PolicyInterceptor>();
    }
}
