using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
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
    public async Task EachCallIsLoggedAsGravelyAsItEnded(StatusCode status, LogLevel level)
    {
        var entry = Assert.Single(await EntriesAsync(status, enabled: "true"));

        Assert.Equal(level, entry.Level);
        Assert.Contains("/broker.v1.Broker/Lookup", entry.Message);
        Assert.Contains(status.ToString(), entry.Message);
    }

    [Fact]
    public async Task SwitchedOffItLogsNothing() => Assert.Empty(await EntriesAsync(StatusCode.NotFound, enabled: "false"));

    private static async Task<List<(LogLevel Level, string Message)>> EntriesAsync(StatusCode status, string enabled)
    {
        var log = new Log();
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
        return [.. log.Entries];
    }

    private sealed class Log : ILoggerProvider
    {
        public ConcurrentQueue<(LogLevel Level, string Message)> Entries { get; } = new();

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName.EndsWith("LoggingInterceptor", StringComparison.Ordinal));

        public void Dispose()
        {
        }

        private sealed class Logger(Log log, bool keeps) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => keeps;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                if (keeps)
                    log.Entries.Enqueue((logLevel, formatter(state, exception)));
            }
        }
    }
}
