using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Tests.EndToEnd.Telemetry;

namespace Pipeline.Tests.EndToEnd;

/// <summary>One pipeline for all tests of the collection, which run one after another.</summary>
public sealed class PipelineFixture : IAsyncLifetime
{
    private PipelineUnderTest? _pipeline;
    private Collector? _collector;

    internal PipelineUnderTest Pipeline => _pipeline ?? throw new InvalidOperationException("not started");

    /// <summary>Gets the telemetry of all processes.</summary>
    internal Collector Collector => _collector ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync()
    {
        _collector = await Collector.StartAsync();
        _pipeline = await PipelineUnderTest.StartAsync(
            [
                // Tests kill and stop: many restarts at once are no reason to give up here.
                "--Pipeline:Restart:MaxRestarts=1000",
                "--Pipeline:Restart:InitialDelay=00:00:00.02",
                "--Pipeline:Restart:MaxDelay=00:00:00.5",
                "--Pipeline:Restart:HealthyAfter=00:00:00.5",
                "--Pipeline:Restart:Window=00:00:10",
            ],
            data: null, ExportToCollector);
    }

    public async Task DisposeAsync()
    {
        if (_pipeline is not null)
            await _pipeline.DisposeAsync();
        if (_collector is not null)
            await _collector.DisposeAsync();
    }

    /// <summary>As the AppHost does where it has a dashboard.</summary>
    private void ExportToCollector(DistributedApplication application)
    {
        foreach (var resource in application.Services.GetRequiredService<DistributedApplicationModel>().GetProjectResources())
        {
            resource.Annotations.Add(new EnvironmentCallbackAnnotation(environment =>
            {
                environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = Collector.Address;
                environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
                environment["OTEL_BSP_SCHEDULE_DELAY"] = environment["OTEL_BLRP_SCHEDULE_DELAY"] = "200";
            }));
        }
    }
}

/// <summary>Tests that share a pipeline.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class PipelineCollection : ICollectionFixture<PipelineFixture>
{
    public const string Name = "a whole pipeline";
}
