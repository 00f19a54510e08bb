using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Pipeline.Orchestrator.Service;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.Orchestrator.Service;

public sealed class OrchestratorServiceTests : FolderTests
{
    [Theory]
    [InlineData("Orchestrator:MaxActiveRuns", "0")]
    [InlineData("BrokerClient:RetryDelay", "00:00:00")]
    [InlineData("Cluster:Provider", "Nowhere")]
    public async Task RunAsync_WrongSetting_EndsAsMisconfiguredWithItsName(string name, string value) =>
        Assert.Contains(name, Assert.Single(await ErrorsAsync((name, value))));

    [Theory]
    [InlineData("Orchestrator:Lane", "3", "error: Orchestrator:Lane is no setting; there are Roles, ")]
    [InlineData("Orchestrator:Roles", "ingest,sink", "error: Orchestrator:Roles cannot be 'ingest,sink': it is a section (")]
    [InlineData("Cluster:Provder", "Redis", "error: Cluster:Provder is no setting; there are Provider, ")]
    [InlineData("Cluster:Storage", "/srv", "error: Cluster:Provider is missing: Redis, Postgres or Localhost, or None, which is no cluster.")]
    public async Task RunAsync_SettingThatWouldBePassedOver_EndsAsMisconfigured(string name, string value, string error) =>
        Assert.Contains(await ErrorsAsync((name, value)), line => line.StartsWith(error, StringComparison.Ordinal));

    [Fact]
    public async Task RunAsync_SharedStorageIsTheDataDirectory_EndsAsMisconfigured()
    {
        var storage = Directory.CreateDirectory(InFolder("data")).FullName;

        Assert.Equal(
            $"error: Cluster:Storage {storage} is this machine's data directory (PIPELINE_DATA): one of them must be another folder.",
            Assert.Single(await ErrorsAsync(("Cluster:Provider", "Localhost"), ("Cluster:Storage", storage))));
    }

    [Theory]
    [InlineData("must be at least 2 roles, first to last", "ingest")]
    [InlineData("must be names of 1 to 256 characters", "ingest", "", "sink")]
    [InlineData("must not name one twice", "ingest", "parse", "parse", "sink")]
    [InlineData("must be 0 to 16 names", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17")]
    public async Task RunAsync_RolesThatNoRunMayName_EndsAsMisconfigured(string error, params string[] roles) => Assert.Equal(
        $"error: Orchestrator: Roles {error}", Assert.Single(await ErrorsAsync([.. roles.Select((role, at) => ($"Orchestrator:Roles:{at}", role))])));

    /// <summary>What an orchestrator with these settings says before it ends as misconfigured.</summary>
    private async Task<string[]> ErrorsAsync(params (string Name, string Value)[] settings)
    {
        await using var orchestrator = OrchestratorService.Build(["--urls", "http://127.0.0.1:0"], builder =>
        {
            builder.Logging.ClearProviders();
            builder.Configuration.AddInMemoryCollection(
            [
                new("PIPELINE_KEY", "test-key"),
                new("PIPELINE_DATA", InFolder("data")),
                new("PIPELINE_ENDPOINT_FILE", InFolder("endpoint.json")),
                .. settings.Select(setting => new KeyValuePair<string, string?>(setting.Name, setting.Value)),
            ]);
        });
        using var errors = new StringWriter();

        Assert.Equal(ServiceRunner.Misconfigured, await ServiceRunner.RunAsync(orchestrator, errors).WaitAsync(Waiting.Limit));
        return errors.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }
}
