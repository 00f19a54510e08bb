using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Hosting;

/// <summary>What is kept out of the log.</summary>
internal static class QuietLogs
{
    // They log the exception that they throw as well.
    private static readonly string[] Noisy =
    [
        "Microsoft.Extensions.Hosting.Internal.Host",
        "Microsoft.AspNetCore.Server.Kestrel",
        "Microsoft.AspNetCore.Hosting.Diagnostics",
    ];

    /// <summary>The host's stack traces when a start fails: <see cref="ServiceRunner"/> says it in one line.</summary>
    public static void AddQuietStart(this IHostApplicationBuilder builder)
    {
        var started = new Started();
        foreach (var category in Noisy)
            builder.Logging.AddFilter(category, level => level >= LogLevel.Warning && (started.Value || level < LogLevel.Error));
        builder.Services.AddSingleton(started);
        builder.Services.AddHostedService<Switch>();
    }

    /// <summary>The frameworks' entries for every request only where the configuration asks for them.</summary>
    public static void AddQuietLog(this IHostApplicationBuilder builder)
    {
        foreach (var category in new[] { "Microsoft.AspNetCore", "Grpc" })
        {
            if (builder.Configuration[$"Logging:LogLevel:{category}"] is null)
                builder.Logging.AddFilter(category, LogLevel.Warning);
        }
        // It logs every check that is not healthy, once a second; what is wrong is logged by whom it befell.
        if (builder.Configuration["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] is null)
            builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical);
    }

    private sealed class Started
    {
        public volatile bool Value;
    }

    private sealed class Switch(Started started) : IHostedLifecycleService
    {
        public Task StartedAsync(CancellationToken cancellationToken)
        {
            started.Value = true;
            return Task.CompletedTask;
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
