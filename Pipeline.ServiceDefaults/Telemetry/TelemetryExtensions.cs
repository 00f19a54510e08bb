using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Pipeline.ServiceDefaults.Telemetry;

internal static class TelemetryExtensions
{
    /// <summary>Exports traces, metrics and logs where the environment names a collector; without one nothing is recorded.</summary>
    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return;
        // Before the other hosted services, so that it stops after them.
        builder.Services.AddHostedService<TelemetryShutdown>();
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddMeter(PipelineTelemetry.Name)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation())
            .WithTracing(tracing => tracing
                .AddSource(PipelineTelemetry.Name, builder.Environment.ApplicationName)
                .AddAspNetCoreInstrumentation(options => options.Filter =
                    context => !context.Request.Path.StartsWithSegments(HealthPaths.Health)
                        && !context.Request.Path.StartsWithSegments(HealthPaths.Alive))
                .AddHttpClientInstrumentation())
            .UseOtlpExporter();
    }
}
