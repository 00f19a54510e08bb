using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Client.Channels;
using Pipeline.ServiceDefaults.Configuration;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Client.Registry;

internal static class BrokerClientExtensions
{
    /// <summary>The generated client of the broker, over the channel that is shared; any number of times.</summary>
    public static void AddBrokerClient(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(BrokerService.BrokerClient)))
            return;
        builder.AddChannels();
        builder.Services.AddOptions<BrokerClientOptions>()
            .BindConfiguration(BrokerClientOptions.Section)
            .Configure<IConfiguration>((options, configuration) =>
            {
                if (configuration[BrokerClientOptions.AddressKey] is { Length: > 0 } text)
                    options.Address = new Uri(text, UriKind.RelativeOrAbsolute);
            })
            .ValidateSettings(BrokerClientOptions.Section);
        builder.Services.AddSingleton(services => new BrokerService.BrokerClient(
            services.GetRequiredService<PipelineChannels>()
                .Get(services.GetRequiredService<Microsoft.Extensions.Options.IOptions<BrokerClientOptions>>().Value.Address).Invoker));
    }
}
