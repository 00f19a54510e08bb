using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Time.Testing;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Pipeline.ServiceDefaults.Telemetry;

namespace Pipeline.Tests.ServiceDefaults.Telemetry;

/// <summary>What a service exports when there is a collector. Nothing listens there: a processor sees what would be sent.</summary>
public sealed class TelemetryTests
{
    private static readonly (string Key, string? Value) Collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");

    [Theory]
    [InlineData("true", 1)]
    [InlineData("false", 0)]
    public async Task StartActivity_TracingSwitchedOnOrOff_IsExportedOrNot(string enabled, int exported)
    {
        var spans = new Ended();
        await using var service = await ServiceFixture.StartAsync(
            builder => builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(spans)),
            settings: [Collector, ("Interceptors:Tracing:Enabled", enabled)]);
        var name = $"tracing switched on: {enabled}";
        using (var other = new SpanRecorder())
        using (PipelineTelemetry.Source.StartActivity(name))
        {
            // The recorder sees to it that there is an activity in both cases.
        }

        Assert.Equal(exported, spans.Names.Count(ended => ended == name));
    }

    [Fact]
    public async Task Request_WithATraceContext_HasNoSpan()
    {
        var spans = new Ended();
        await using var service = await ServiceFixture.StartAsync(
            builder => builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(spans)),
            app => app.MapGet("/current", () => Activity.Current?.OperationName ?? "none"),
            Collector);
        using var client = new HttpClient { BaseAddress = service.HttpAddress };
        client.DefaultRequestHeaders.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

        Assert.Equal("none", await client.GetStringAsync(new Uri("/current", UriKind.Relative)));
        await client.GetStringAsync(new Uri("/health", UriKind.Relative));
        Assert.DoesNotContain(spans.Names, name => name.Contains("Http", StringComparison.Ordinal));
        Assert.DoesNotContain(spans.Names, name => name.Contains("GET", StringComparison.Ordinal));
    }

    [Fact]
    public void ProcessInstruments_Collected_TellMemoryAndAShareOfTheProcessors()
    {
        using var reader = new MeterReader();
        var time = new FakeTimeProvider();
        ProcessInstruments.Create(reader.Meters.Create(PipelineTelemetry.Name), time);
        time.Advance(TimeSpan.FromHours(1));

        var values = reader.Collect();

        Assert.InRange(values["process.cpu.utilization"], 0, 1);
        Assert.InRange(values["process.memory.usage"], 1024 * 1024, long.MaxValue);
        Assert.Equal(("1", "By"), (reader.Units["process.cpu.utilization"], reader.Units["process.memory.usage"]));
    }

    private sealed class Ended : BaseProcessor<Activity>
    {
        public ConcurrentQueue<string> Names { get; } = new();

        public override void OnEnd(Activity data) => Names.Enqueue(data.OperationName);
    }
}
