namespace Pipeline.Tests.EndToEnd;

/// <summary>One pipeline for all tests of the collection, which run one after another.</summary>
public sealed class PipelineFixture : IAsyncLifetime
{
    private PipelineUnderTest? _pipeline;

    internal PipelineUnderTest Pipeline => _pipeline ?? throw new InvalidOperationException("not started");

    public async Task InitializeAsync() => _pipeline = await PipelineUnderTest.StartAsync(
        // Tests kill and stop: many restarts at once are no reason to give up here.
        "--Pipeline:Restart:MaxRestarts=1000",
        "--Pipeline:Restart:InitialDelay=00:00:00.02",
        "--Pipeline:Restart:MaxDelay=00:00:00.5",
        "--Pipeline:Restart:HealthyAfter=00:00:00.5",
        "--Pipeline:Restart:Window=00:00:10");

    public async Task DisposeAsync()
    {
        if (_pipeline is not null)
            await _pipeline.DisposeAsync();
    }
}

/// <summary>Tests that share a pipeline.</summary>
[CollectionDefinition(Name)]
public sealed class PipelineCollection : ICollectionFixture<PipelineFixture>
{
    public const string Name = "a whole pipeline";
}
