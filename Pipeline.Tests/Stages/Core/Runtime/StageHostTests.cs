using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Tests.Broker;

namespace Pipeline.Tests.Stages.Core.Runtime;

public sealed class StageHostTests
{
    [Theory]
    [InlineData(32, false, 1)]
    [InlineData(32, true, 0)]
    [InlineData(0, false, 0)]
    public async Task TellOfRings_SystemWithoutThem_IsToldWhereTheyAreWanted(int slots, bool areSupported, int told)
    {
        var log = new FakeLoggerProvider();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection([new("PIPELINE_KEY", BrokerFixture.Key), new("Stage:RingSlots", $"{slots}")]);
        builder.Logging.ClearProviders().AddProvider(log);
        builder.AddServiceDefaults();
        builder.AddStageRuntime(new StageDefinition("parse", [], [], _ => throw new NotSupportedException()), "parse-test");
        await using var app = builder.Build();

        app.Services.GetRequiredService<StageHost>().TellOfRings(areSupported);

        Assert.Equal(told, log.Collector.GetSnapshot().Count(record => record.Level == LogLevel.Information
            && record.Message.StartsWith("This system has no shared memory", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(null, 8 * 1024 * 1024)]
    [InlineData("65536", 65536)]
    public async Task Windows_OfAStage_AreLargeUnlessConfigured(string? configured, int stream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["PIPELINE_KEY"] = BrokerFixture.Key;
        if (configured is not null)
            builder.Configuration["Endpoints:StreamWindowBytes"] = configured;

        builder.AddServiceDefaults();
        builder.AddStageRuntime(new StageDefinition("parse", [], [], _ => throw new NotSupportedException()), "parse-test");
        await using var app = builder.Build();

        var limits = app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;

        Assert.Equal(
            (stream, 16 * 1024 * 1024, 64),
            (limits.Http2.InitialStreamWindowSize, limits.Http2.InitialConnectionWindowSize, limits.MaxConcurrentConnections));
    }
}
