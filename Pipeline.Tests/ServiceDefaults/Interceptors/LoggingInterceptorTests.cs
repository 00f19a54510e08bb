using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Tests.Broker;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.ServiceDefaults.Interceptors;

public sealed class LoggingInterceptorTests
{
    [Theory]
    [InlineData(StatusCode.OK, LogLevel.Debug)]
    [InlineData(StatusCode.NotFound, LogLevel.Information)]
    [InlineData(StatusCode.Internal, LogLevel.Warning)]
    public async Task LoggingInterceptor_CallEnds_LogsAtTheLevelOfItsStatus(StatusCode status, LogLevel level)
    {
        var entry = Assert.Single(await EntriesAsync(status, enabled: "true"));

        Assert.Equal(level, entry.Level);
        Assert.Contains("/broker.v1.Broker/Lookup", entry.Message);
        Assert.Contains(status.ToString(), entry.Message);
    }

    [Fact]
    public async Task LoggingInterceptor_SwitchedOff_LogsNothing() => Assert.Empty(await EntriesAsync(StatusCode.NotFound, enabled: "false"));

    private static async Task<List<(LogLevel Level, string Message)>> EntriesAsync(StatusCode status, string enabled)
    {
        var log = new FakeLoggerProvider();
        await using (var service = await ServiceFixture.StartAsync(
            builder =>
            {
                builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Trace);
                builder.Services.AddSingleton(new StubService
                {
                    OnLookup = _ => status == StatusCode.OK ? Task.CompletedTask : throw new RpcException(new Status(status, "told to")),
                });
            },
            app => app.MapGrpcService<StubService>(),
            ("Interceptors:Logging:Enabled", enabled)))
        {
            using var channels = BrokerFixture.ChannelsWithKey(BrokerFixture.Key);
            var call = new BrokerService.BrokerClient(channels.Get(service.GrpcAddress).Invoker).LookupAsync(new LookupRequest());
            await call.ResponseAsync.ContinueWith(_ => { }, TaskScheduler.Default);
        }
        return [.. log.Collector.GetSnapshot()
            .Where(record => record.Category!.EndsWith("LoggingInterceptor", StringComparison.Ordinal))
            .Select(record => (record.Level, record.Message))];
    }
}
