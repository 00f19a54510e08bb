using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Logs;
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

/// <summary>
/// Exports what is left when the host stops. All services and the dashboard are stopped together, and Aspire's proxy accepts connections for a
/// dashboard that is gone already: without a bound of their own the providers would wait 5 s each when they are disposed.
/// </summary>
internal sealed class TelemetryShutdown(TracerProvider tracer, MeterProvider meter, LoggerProvider logger) : IHostedService
{
    private const int TimeoutMilliseconds = 500;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => tracer.Shutdown(TimeoutMilliseconds), CancellationToken.None),
        Task.Run(() => meter.Shutdown(TimeoutMilliseconds), CancellationToken.None),
        Task.Run(() => logger.Shutdown(TimeoutMilliseconds), CancellationToken.None));
}

/// <summary>What a service takes of the machine, by the semantic conventions for processes.</summary>
internal static class ProcessInstruments
{
    /// <summary>Creates the instruments; they are read when metrics are collected.</summary>
    public static void Create(Meter meter, TimeProvider time)
    {
        var before = (Cpu: Environment.CpuUsage.TotalTime, At: time.GetTimestamp());
        meter.CreateObservableGauge("process.cpu.utilization", Utilization, "1", "Share of the processors' time since the last reading.");
        meter.CreateObservableUpDownCounter("process.memory.usage", () => Environment.WorkingSet, "By", "Physical memory in use.");

        double Utilization()
        {
            var now = (Cpu: Environment.CpuUsage.TotalTime, At: time.GetTimestamp());
            var elapsed = time.GetElapsedTime(before.At, now.At) * Environment.ProcessorCount;
            var share = elapsed > TimeSpan.Zero ? (now.Cpu - before.Cpu) / elapsed : 0;
            before = now;
            return share;
        }
    }
}
