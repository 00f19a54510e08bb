using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>What is kept out of the log.</summary>
public static class QuietLogs
{
    // They log the exception that they throw as well.
    private static readonly string[] Noisy = ["Microsoft.Extensions.Hosting.Internal.Host", "Microsoft.AspNetCore.Server.Kestrel"];

    private static readonly (string Category, LogLevel Least)[] Defaults =
    [
        ("Microsoft.AspNetCore", LogLevel.Warning),
        ("Grpc", LogLevel.Warning),
        // Every caller logs in one line what its call failed with, or what it does about it.
        ("Grpc.Net.Client", LogLevel.None),
        // While this category is logged, ASP.NET Core starts an activity for each request: log records would carry the id of a trace that
        // is not exported.
        ("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None),
        // It logs every check that is not healthy, once a second; the component that is not healthy logs why.
        ("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical),
    ];

    /// <summary>The host's stack traces when a start fails: <see cref="ServiceRunner"/> says it in one line.</summary>
    internal static void AddQuietStart(this IHostApplicationBuilder builder) =>
        builder.Services.AddOptions<LoggerFilterOptions>().Configure<IServiceProvider>((options, services) =>
        {
            // Resolved at the first error: the lifetime itself needs a logger.
            var lifetime = new Lazy<IHostApplicationLifetime>(services.GetRequiredService<IHostApplicationLifetime>);
            foreach (var category in Noisy)
            {
                options.AddFilter(
                    category,
                    level => level >= LogLevel.Warning && (level < LogLevel.Error || lifetime.Value.ApplicationStarted.IsCancellationRequested));
            }
        });

    /// <summary>What the frameworks log only where the configuration asks for it.</summary>
    internal static void AddQuietLog(this IHostApplicationBuilder builder) => builder.AddQuietLog(Defaults);

    /// <summary>Sets the least level of categories for which the configuration sets none.</summary>
    public static void AddQuietLog(this IHostApplicationBuilder builder, IEnumerable<(string Category, LogLevel Least)> defaults)
    {
        foreach (var (category, least) in defaults)
        {
            if (builder.Configuration[$"Logging:LogLevel:{category}"] is null)
                builder.Logging.AddFilter(category, least);
        }
    }
}
