using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Broker;
using Pipeline.Client.Channels;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Security;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.Broker;

/// <summary>A real broker on a free port of this process, and a client of it.</summary>
internal sealed class BrokerFixture : IAsyncDisposable
{
    public const string Key = "the-key-of-the-tests";

    private readonly PipelineChannel _channel;

    private BrokerFixture(WebApplication app)
    {
        App = app;
        Address = app.Services.GetRequiredService<BoundEndpoints>().GrpcAddress;
        _channel = Channels.Create(Address);
        Client = new BrokerService.BrokerClient(_channel.Invoker);
    }

    public WebApplication App { get; }

    public Uri Address { get; }

    public BrokerService.BrokerClient Client { get; }

    public PipelineChannels Channels { get; } = ChannelsWithKey(Key);

    public static PipelineChannels ChannelsWithKey(string key) =>
        new(Options.Create(new ChannelOptions()), new SharedKey(Options.Create(new SharedKeyOptions { Key = key })));

    /// <summary>Builds one without starting it; port 0 = any free one.</summary>
    public static WebApplication Build(IEnumerable<KeyValuePair<string, string?>>? settings = null, TimeProvider? time = null, int port = 0)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(
        [
            new("PIPELINE_KEY", Key),
            new("PIPELINE_GRPC_PORT", port.ToString()),
            new("urls", "http://127.0.0.1:0"),
            .. settings ?? [],
        ]);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        return builder.AddBroker().Build().MapBroker();
    }

    /// <summary>Starts one; port 0 = any free one.</summary>
    public static async Task<BrokerFixture> StartAsync(
        IEnumerable<KeyValuePair<string, string?>>? settings = null, TimeProvider? time = null, int port = 0)
    {
        var app = Build(settings, time, port);
        await app.StartAsync().WaitAsync(Waiting.Limit);
        return new BrokerFixture(app);
    }

    public static Instance NewInstance(string id = "parse-0", string role = "parse", string address = "http://127.0.0.1:41234") => new()
    {
        InstanceId = id,
        Interface = "pipeline.v1.Stage",
        Role = role,
        Address = address,
        Accepts = { "lines" },
        Emits = { "events" },
        Version = "0.1.0",
        Language = "csharp",
    };

    public async Task<RegisterResponse> RegisterAsync(string id = "parse-0", string role = "parse") =>
        await Client.RegisterAsync(new RegisterRequest { Instance = NewInstance(id, role) });

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        Channels.Dispose();
        // Only here to stop: within the time that a host gives.
        await App.StopAsync().WaitAsync(Waiting.Limit);
        await App.DisposeAsync();
    }
}

internal static class FakeTimeExtensions
{
    /// <summary>Lets time pass as it does for a process that runs: a single leap would be a pause of the process.</summary>
    public static void Pass(this FakeTimeProvider time, TimeSpan span)
    {
        var step = TimeSpan.FromMilliseconds(50);
        for (var passed = TimeSpan.Zero; passed < span; passed += step)
            time.Advance(span - passed < step ? span - passed : step);
    }
}

/// <summary>A clock whose wall time can be set without its monotonic time taking notice, as on a real machine.</summary>
internal sealed class WallClock(FakeTimeProvider monotonic) : TimeProvider
{
    private TimeSpan _offset;

    public override long TimestampFrequency => monotonic.TimestampFrequency;

    public void Jump(TimeSpan span) => _offset += span;

    public override DateTimeOffset GetUtcNow() => monotonic.GetUtcNow() + _offset;

    public override long GetTimestamp() => monotonic.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        monotonic.CreateTimer(callback, state, dueTime, period);
}
