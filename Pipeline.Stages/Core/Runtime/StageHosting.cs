using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.Client.Registration;
using Pipeline.Contracts;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>Makes a web application a stage.</summary>
public static class StageHosting
{
    /// <summary>Serves a stage and registers it with the broker.</summary>
    /// <param name="builder">The application's builder.</param>
    /// <param name="definition">What it serves.</param>
    public static TBuilder AddStage<TBuilder>(this TBuilder builder, StageDefinition definition)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddBrokerRegistration(StageContract.Interface, definition.Role, options =>
        {
            definition.Accepts.ToList().ForEach(options.Accepts.Add);
            definition.Emits.ToList().ForEach(options.Emits.Add);
            if (definition.OptionsDigest is { } digest)
                options.Metadata[StageContract.OptionsDigestKey] = digest;
        });
        return builder.AddStageRuntime(definition, InstanceIds.Resolve(builder.Configuration, definition.Role));
    }

    /// <summary>Maps the stage's gRPC service.</summary>
    public static WebApplication MapStage(this WebApplication app)
    {
        app.MapGrpcService<StageService>();
        // Not before the start: until then the options are not checked.
        app.Lifetime.ApplicationStarted.Register(() => app.Services.GetRequiredService<StageHost>().TellOfRings(MappedRing.IsSupported));
        return app;
    }

    /// <summary>The runtime alone, without a broker.</summary>
    internal static TBuilder AddStageRuntime<TBuilder>(this TBuilder builder, StageDefinition definition, string instanceId)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddChannels();
        // First in line: configuration and environment win over it.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<EndpointOptions>>(new ConfigureOptions<EndpointOptions>(SetDefaults)));
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ReceivePool>();
        builder.Services.AddSingleton<TimeProvider>(TimeProvider.System);
        builder.Services.AddSingleton(services => ActivatorUtilities.CreateInstance<StageHost>(services, definition, instanceId));
        builder.Services.AddOptions<StageOptions>().BindSettings(StageOptions.Section);
        return builder;
    }

    // A sender whose window runs dry waits for the receiver to wake, take and answer; see docs/benchmarks.md, "What shared memory buys".
    private static void SetDefaults(EndpointOptions endpoints)
    {
        endpoints.StreamWindowBytes = 8 * 1024 * 1024;
        endpoints.ConnectionWindowBytes = 16 * 1024 * 1024;
        endpoints.MaxConnections = 64;
    }
}
