using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults.Configuration;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Client.Registry;

/// <summary>Clients of the broker.</summary>
public static class BrokerClientExtensions
{
    /// <summary>Makes <see cref="RegistryWatcher"/> follow the broker while the host runs. Needs AddServiceDefaults.</summary>
    public static void AddRegistryWatcher(this IHostApplicationBuilder builder)
    {
        builder.AddBrokerClient();
        builder.Services.AddSingleton<RegistryWatcher>();
        builder.Services.AddSingleton<IRegistry>(services => services.GetRequiredService<RegistryWatcher>());
        builder.Services.AddHostedService(services => services.GetRequiredService<RegistryWatcher>());
    }

    /// <summary>The generated client of the broker, over the channel that is shared; any number of times.</summary>
    internal static void AddBrokerClient(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(BrokerService.BrokerClient)))
            return;
        builder.AddChannels();
        builder.Services.AddOptions<BrokerClientOptions>()
            .BindSettings(BrokerClientOptions.Section)
            .Configure<IConfiguration>((options, configuration) =>
            {
                if (configuration[BrokerClientOptions.AddressKey] is { Length: > 0 } text)
                    options.Address = new Uri(text, UriKind.RelativeOrAbsolute);
            });
        builder.Services.AddSingleton(services => new BrokerService.BrokerClient(
            services.GetRequiredService<PipelineChannels>().Get(services.GetRequiredService<IOptions<BrokerClientOptions>>().Value.Address).Invoker));
    }
}
