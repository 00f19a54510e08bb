using Microsoft.Extensions.Hosting;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Pipeline.ServiceDefaults.Telemetry;

/// <summary>
/// Exports what is left when the host stops. All services and the dashboard are stopped together, and Aspire's proxy accepts connections for a
/// dashboard that is gone already: without a bound of their own the providers would wait 5 s each when they are disposed.
/// </summary>
internal sealed class TelemetryShutdown(TracerProvider tracer, MeterProvider meter, LoggerProvider logger) : IHostedService
{
    private const int TimeoutMilliseconds = 500;

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Task.Run(() => tracer.Shutdown(TimeoutMilliseconds), CancellationToken.None),
        Task.Run(() => meter.Shutdown(TimeoutMilliseconds), CancellationToken.None),
        Task.Run(() => logger.Shutdown(TimeoutMilliseconds), CancellationToken.None));
}
