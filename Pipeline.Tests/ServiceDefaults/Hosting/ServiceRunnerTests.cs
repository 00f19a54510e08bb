using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public sealed class ServiceRunnerTests
{
    [Fact]
    public async Task APortInUseIsToldInOneLine()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var app = ServiceFixture.Build(settings: ("PIPELINE_GRPC_PORT", $"{broker.Address.Port}"));

        var line = Assert.Single(ServiceRunner.Describe(await FailureOf(app.StartAsync())));

        Assert.Contains($"127.0.0.1:{broker.Address.Port}", line);
        Assert.Contains("already in use", line);
        Assert.DoesNotContain('\n', line);
    }

    [Fact]
    public async Task AServiceThatCannotStartEndsWithAnExitCode()
    {
        await using var app = ServiceFixture.Build(settings: ("PIPELINE_KEY", null));

        Assert.Equal(1, await app.RunServiceAsync().WaitAsync(BrokerFixture.Patience));
    }

    [Fact]
    public async Task AllErrorsOfTheConfigurationAreToldAtOnce()
    {
        await using var app = ServiceFixture.Build(
            null, null,
            ("PIPELINE_KEY", null), ("PIPELINE_GRPC_PORT", "70000"), ("urls", "http://0.0.0.0:1"), ("Channels:ConnectTimeout", "00:00:00"),
            ("Interceptors:Policy:MaxCallsPerPeer", "0"), ("Endpoints:MaxConnections", "0"));

        var lines = ServiceRunner.Describe(await FailureOf(app.StartAsync())).ToList();

        Assert.Equal(6, lines.Count);
        foreach (var what in new[] { "PIPELINE_KEY", "PIPELINE_GRPC_PORT", "http://0.0.0.0:1", "ConnectTimeout", "MaxCallsPerPeer", "MaxConnections" })
            Assert.Single(lines, line => line.Contains(what));
    }

    [Fact]
    public async Task AKeyThatNoHeaderCanCarryIsRefused()
    {
        await using var app = ServiceFixture.Build(settings: ("PIPELINE_KEY", "two words"));

        Assert.Contains("visible ASCII", Assert.Single(ServiceRunner.Describe(await FailureOf(app.StartAsync()))));
    }

    [Fact]
    public async Task AValueOfTheWrongKindIsToldInOneLine()
    {
        await using var app = ServiceFixture.Build(settings: ("Endpoints:MaxConnections", "many"));

        Assert.Contains("Endpoints:MaxConnections", Assert.Single(ServiceRunner.Describe(await FailureOf(app.StartAsync()))));
    }

    private static Task<Exception> FailureOf(Task start) => Assert.ThrowsAnyAsync<Exception>(() => start.WaitAsync(BrokerFixture.Patience));
}
