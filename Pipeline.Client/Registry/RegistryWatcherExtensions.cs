using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pipeline.Client.Registry;

/// <summary>Discovery by the broker's watch.</summary>
public static class RegistryWatcherExtensions
{
    /// <summary>Makes <see cref="RegistryWatcher"/> follow the broker while the host runs. Needs AddServiceDefaults.</summary>
    public static TBuilder AddRegistryWatcher<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddBrokerClient();
        builder.Services.AddSingleton<RegistryWatcher>();
        builder.Services.AddSingleton<IRegistry>(services => services.GetRequiredService<RegistryWatcher>());
        builder.Services.AddHostedService(services => services.GetRequiredService<RegistryWatcher>());
        return builder;
    }
}
