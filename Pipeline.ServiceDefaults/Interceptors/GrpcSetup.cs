using Grpc.AspNetCore.Server;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.ServiceDefaults.Interceptors;

/// <summary>Message sizes and interceptors of every gRPC service; one that is switched off is not in the chain at all.</summary>
internal sealed class GrpcSetup(IOptions<EndpointOptions> endpoints, IOptions<InterceptorOptions> interceptors) : IConfigureOptions<GrpcServiceOptions>
{
    /// <inheritdoc/>
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
