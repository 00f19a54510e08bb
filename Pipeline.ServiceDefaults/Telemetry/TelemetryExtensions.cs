using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Pipeline.ServiceDefaults.Interceptors;

namespace Pipeline.ServiceDefaults.Telemetry;

internal static class TelemetryExtensions
{
    /// <summary>Exports traces, metrics and logs where the environment names a collector; without one nothing is recorded.</summary>
    /// <remarks>
    /// Only Pipeline's own: instrumentation of ASP.NET Core and HttpClient would make spans of every lease, watch and health probe.
    /// </remarks>
    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        if (string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return;
        // Before the other hosted services, so that it stops after them.
        builder.Services.AddHostedService<TelemetryShutdown>();
        builder.Logging.AddOpenTelemetry(logging => logging.IncludeFormattedMessage = true);
        builder.Services.ConfigureOpenTelemetryTracerProvider((services, tracing) =>
        {
            if (services.GetRequiredService<IOptions<InterceptorOptions>>().Value.Tracing.Enabled)
                tracing.AddSource(PipelineTelemetry.Name);
        });
        builder.Services.ConfigureOpenTelemetryMeterProvider((services, metrics) =>
        {
            var meter = services.GetRequiredService<IMeterFactory>().Create(PipelineTelemetry.Name);
            ProcessInstruments.Create(meter, services.GetRequiredService<TimeProvider>());
            metrics.AddMeter(PipelineTelemetry.Name);
        });
        builder.Services.AddOpenTelemetry().WithTracing().WithMetrics().UseOtlpExporter();
    }
}
