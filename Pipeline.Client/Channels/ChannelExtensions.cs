using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.Client.Channels;

/// <summary>Channels to other services.</summary>
public static class ChannelExtensions
{
    /// <summary>Adds <see cref="PipelineChannels"/>; any number of times. Needs AddServiceDefaults.</summary>
    public static TBuilder AddChannels<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(PipelineChannels)))
            return builder;
        builder.Services.AddOptions<ChannelOptions>().BindConfiguration(ChannelOptions.Section).ValidateRanges(ChannelOptions.Section);
        builder.Services.AddSingleton<PipelineChannels>();
        return builder;
    }
}
