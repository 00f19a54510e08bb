using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.Client.Registry;

/// <summary>Discovery by the broker's watch.</summary>
public static class RegistryWatcherExtensions
{
    /// <summary>Makes <see cref="RegistryWatcher"/> follow the broker while the host runs. Needs AddServiceDefaults.</summary>
    public static TBuilder AddRegistryWatcher<TBuilder>(this TBuilder builder, Action<RegistryWatcherOptions>? configure = null)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddBrokerClient();
        builder.Services.AddOptions<RegistryWatcherOptions>()
            .Configure(options => configure?.Invoke(options))
            .BindConfiguration(RegistryWatcherOptions.Section)
            .ValidateRanges(RegistryWatcherOptions.Section);
        builder.Services.AddSingleton<RegistryWatcher>();
        builder.Services.AddSingleton<IRegistry>(services => services.GetRequiredService<RegistryWatcher>());
        builder.Services.AddHostedService(services => services.GetRequiredService<RegistryWatcher>());
        return builder;
    }
}

/// <summary>What of the registry is followed; section "RegistryWatcher".</summary>
public sealed class RegistryWatcherOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "RegistryWatcher";

    /// <summary>Only instances that serve this gRPC service.</summary>
    /// <value>Default empty = any.</value>
    public string Interface { get; set; } = "";

    /// <summary>Only instances of this role.</summary>
    /// <value>Default empty = any.</value>
    public string Role { get; set; } = "";
}
