using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.BrokerClient;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.ServiceDefaults.Discovery;

/// <summary>Discovery by the broker's watch.</summary>
public static class RegistryWatcherExtensions
{
    /// <summary>Makes <see cref="RegistryWatcher"/> follow the broker while the host runs. Needs AddServiceDefaults or AddPipelineClient.</summary>
    public static TBuilder AddRegistryWatcher<TBuilder>(this TBuilder builder, Action<RegistryWatcherOptions>? configure = null)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddBrokerClient();
        builder.Services.AddOptions<RegistryWatcherOptions>()
            .Configure(options => configure?.Invoke(options))
            .BindConfiguration(RegistryWatcherOptions.Section)
            .ValidateRanges(RegistryWatcherOptions.Section);
        builder.Services.AddSingleton<RegistryWatcher>();
        builder.Services.AddHostedService(services => services.GetRequiredService<RegistryWatcher>());
        return builder;
    }
}
