using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.ServiceDefaults.Hosting;

public sealed class ServiceRunnerTests
{
    [Fact]
    public async Task Describe_PortInUse_IsOneLine()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var app = ServiceFixture.Build(settings: ("PIPELINE_GRPC_PORT", $"{broker.Address.Port}"));

        var line = Assert.Single(ServiceRunner.Describe(await FailureOf(app.StartAsync())));

        Assert.Contains($"127.0.0.1:{broker.Address.Port}", line);
        Assert.Contains("already in use", line);
        Assert.DoesNotContain('\n', line);
    }

    // As Windows answers for a port of a range that it excludes.
    [Fact]
    public void Describe_PortReservedByTheSystem_IsOneLine() => Assert.Equal(
        "A port is reserved by the system. PIPELINE_GRPC_PORT and ASPNETCORE_URLS choose other ports.",
        Assert.Single(ServiceRunner.Describe(new SocketException((int)SocketError.AccessDenied))));

    [Theory]
    [InlineData("PIPELINE_KEY", null)]
    [InlineData("Endpoints:MaxConnections", "0")]
    [InlineData("Endpoints:MaxConnections", "many")]
    public async Task RunServiceAsync_InvalidConfiguration_EndsAsMisconfigured(string name, string? value)
    {
        await using var app = ServiceFixture.Build(settings: (name, value));

        Assert.Equal(ServiceRunner.Misconfigured, await app.RunServiceAsync().WaitAsync(Waiting.Limit));
    }

    [Fact]
    public async Task RunServiceAsync_PortInUse_EndsWithExitCodeOne()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var app = ServiceFixture.Build(settings: ("PIPELINE_GRPC_PORT", $"{broker.Address.Port}"));

        Assert.Equal(1, await app.RunServiceAsync().WaitAsync(Waiting.Limit));
    }

    [Fact]
    public async Task RunAsync_BackgroundServiceBreaks_EndsWithExitCodeOneAndSaysWhy()
    {
        await using var app = ServiceFixture.Build(builder => builder.Services.AddHostedService<Breaks>());
        await using var errors = new StringWriter();

        Assert.Equal(1, await ServiceRunner.RunAsync(app, errors).WaitAsync(Waiting.Limit));
        Assert.Equal($"error: no space left{Environment.NewLine}", errors.ToString());
    }

    [Fact]
    public async Task Describe_SeveralConfigurationErrors_HasALineForEach()
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
    public void Errors_OneValueOutOfRangeAndTwoThatDoNotFit_AreToldAtOnce() => Assert.Equal(
        ["Stage: RingSlots must be 0 or 4 to 64, not 2", "Stage:ProgressInterval must be 00:00:00.05 to 00:01:00, not 1.00:00:00 (a number alone is days)"],
        SettingsValidation.Errors(new StageOptions { RingSlots = 2, ProgressInterval = TimeSpan.FromDays(1) }, "Stage").Order(StringComparer.Ordinal));

    [Fact]
    public async Task Describe_ValueOutOfRange_NamesTheSettingAndItsRange()
    {
        await using var app = ServiceFixture.Build(
            null, null, ("Endpoints:MaxStreamsPerConnection", "0"), ("Channels:ConnectTimeout", "00:00:00"));

        Assert.Equal(
            ["Channels:ConnectTimeout must be 00:00:00.01 to 00:01:00, not 00:00:00", "Endpoints:MaxStreamsPerConnection must be 1 to 10000, not 0"],
            ServiceRunner.Describe(await FailureOf(app.StartAsync())).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("PIPELINE_KEY", "two words", "visible ASCII")]
    [InlineData("Endpoints:MaxConnections", "many", "Endpoints:MaxConnections")]
    public async Task Describe_KeyThatNoHeaderCanCarryOrValueOfTheWrongType_IsOneLine(string setting, string value, string expected)
    {
        await using var app = ServiceFixture.Build(settings: (setting, value));

        Assert.Contains(expected, Assert.Single(ServiceRunner.Describe(await FailureOf(app.StartAsync()))));
    }

    private static Task<Exception> FailureOf(Task start) => Assert.ThrowsAnyAsync<Exception>(() => start.WaitAsync(Waiting.Limit));

    private sealed class Breaks : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.FromException(new IOException("no space left"));
    }
}
