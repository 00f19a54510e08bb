using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Tests.ServiceDefaults.Telemetry;

public sealed class TelemetryShutdownTests
{
    [Fact]
    public async Task StopAsync_CollectorThatNeverAnswers_EndsAnyway()
    {
        using var exporter = new StuckExporter();
        using var source = new ActivitySource(nameof(TelemetryShutdownTests));
        var services = new ServiceCollection();
        services.AddOpenTelemetry()
            .WithTracing(tracing => tracing.AddSource(source.Name).AddProcessor(new BatchActivityExportProcessor(exporter)))
            .WithMetrics()
            .WithLogging();
        await using var providers = services.BuildServiceProvider();
        var shutdown = ActivatorUtilities.CreateInstance<TelemetryShutdown>(providers);
        source.StartActivity("a span to export")!.Dispose();

        await shutdown.StopAsync(CancellationToken.None).WaitAsync(Waiting.Limit);

        Assert.True(exporter.Asked.Wait(Waiting.Limit));
        exporter.Release();
    }

    private sealed class StuckExporter : BaseExporter<Activity>
    {
        private readonly ManualResetEventSlim _released = new();

        public ManualResetEventSlim Asked { get; } = new();

        public void Release() => _released.Set();

        public override ExportResult Export(in Batch<Activity> batch)
        {
            Asked.Set();
            _released.Wait();
            return ExportResult.Failure;
        }
    }
}
