using System.Diagnostics.Metrics;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Pipeline.Broker.Leases;
using Pipeline.Broker.Registry;
using Pipeline.Broker.Watch;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Interceptors;

namespace Pipeline.Broker;

/// <summary>Puts the broker together.</summary>
internal static class BrokerHost
{
    /// <summary>Port of the gRPC endpoint where PIPELINE_GRPC_PORT names no other.</summary>
    public const int DefaultPort = 5070;

    // Far above what the contract's limits allow for one instance.
    private const int MaxRequestBytes = 256 * 1024;

    /// <summary>Adds the broker's services.</summary>
    public static WebApplicationBuilder AddBroker(this WebApplicationBuilder builder)
    {
        // Before the defaults bind the configuration, which wins. Each service keeps a connection and a stream of renewals here.
        builder.Services.Configure<InterceptorOptions>(options => options.Policy.MaxCallsPerMethod = 2048);
        builder.AddServiceDefaults(endpoints =>
        {
            endpoints.GrpcPort = DefaultPort;
            endpoints.MaxConnections = 1024;
            // Requests are small: what callers can make the broker hold stays so too.
            endpoints.StreamWindowBytes = 64 * 1024;
            endpoints.ConnectionWindowBytes = 128 * 1024;
        });
        builder.Services.AddOptions<LeaseOptions>().BindSettings(LeaseOptions.Section);
        builder.Services.AddOptions<RegistryOptions>().BindSettings(RegistryOptions.Section);
        builder.Services.AddOptions<WatchOptions>().BindSettings(WatchOptions.Section);
        builder.Services.AddGrpc().AddServiceOptions<RegistryService>(options => options.MaxReceiveMessageSize = MaxRequestBytes);
        builder.Services.AddSingleton<InstanceRegistry>();
        builder.Services.AddSingleton<RegistryListing>();
        builder.Services.AddSingleton(services => new ConcurrencyLimiter(
            new() { PermitLimit = services.GetRequiredService<IOptions<WatchOptions>>().Value.MaxWatchers }));
        builder.Services.AddSingleton<RegistryService>();
        builder.Services.AddHostedService<LeaseSweeper>();
        return builder;
    }

    /// <summary>Maps the broker's calls, health and reflection.</summary>
    public static WebApplication MapBroker(this WebApplication app)
    {
        app.MapGrpcService<RegistryService>();
        app.MapDefaultEndpoints();
        // Not before the start: until then the options that the registry is made of are not checked.
        app.Lifetime.ApplicationStarted.Register(() => RegistryInstruments.Create(
            app.Services.GetRequiredService<InstanceRegistry>(), app.Services.GetRequiredService<IMeterFactory>()));
        return app;
    }
}
