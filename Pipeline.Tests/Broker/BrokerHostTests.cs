using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.Broker;

public sealed class BrokerHostTests
{
    [Theory]
    [InlineData("Registry:MaxInstances", "0", "Registry:MaxInstances must be 1 to 100000, not 0")]
    [InlineData("Leases:TimeToLive", "00:00:00", "Leases:TimeToLive must be 00:00:00.2 to 00:10:00, not 00:00:00")]
    [InlineData("Watch:HistoryChanges", "few", "Watch:HistoryChanges")]
    public async Task RunAsync_WrongSetting_EndsAsMisconfiguredWithItsName(string name, string value, string error)
    {
        await using var broker = BrokerFixture.Build([new(name, value)]);
        using var errors = new StringWriter();

        Assert.Equal(ServiceRunner.Misconfigured, await ServiceRunner.RunAsync(broker, errors).WaitAsync(Waiting.Limit));

        Assert.Contains(error, Assert.Single(Lines(errors)));
    }

    [Fact]
    public async Task RunAsync_WrongSettingsInSeveralSections_HasALineForEach()
    {
        await using var broker = BrokerFixture.Build(
            [new("Registry:MaxInstances", "0"), new("Leases:TimeToLive", "00:00:00"), new("Watch:MaxWatchers", "0")]);
        using var errors = new StringWriter();

        Assert.Equal(ServiceRunner.Misconfigured, await ServiceRunner.RunAsync(broker, errors).WaitAsync(Waiting.Limit));

        Assert.Equal(
            [
                "error: Leases:TimeToLive must be 00:00:00.2 to 00:10:00, not 00:00:00",
                "error: Registry:MaxInstances must be 1 to 100000, not 0",
                "error: Watch:MaxWatchers must be 1 to 10000, not 0",
            ],
            Lines(errors).Order(StringComparer.Ordinal));
    }

    private static string[] Lines(StringWriter errors) => errors.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
