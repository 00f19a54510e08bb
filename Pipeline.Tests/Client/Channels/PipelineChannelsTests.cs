using Grpc.Core;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Tests.Broker;
using Pipeline.Tests.ServiceDefaults;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.Client.Channels;

public sealed class PipelineChannelsTests
{
    [Fact]
    public async Task UnaryCall_WithOrWithoutADeadline_HasTheGivenOneOrTheDefault()
    {
        await using var fixture = await StubFixture.StartAsync();
        var deadlines = new List<DateTime>();
        fixture.Stub.OnLookup = context =>
        {
            deadlines.Add(context.Deadline);
            return Task.CompletedTask;
        };
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;

        await fixture.Client.LookupAsync(new LookupRequest());
        await fixture.Client.LookupAsync(new LookupRequest(), deadline: now.AddMinutes(5));

        Assert.InRange(deadlines[0], now.AddSeconds(5), now.AddSeconds(30));
        Assert.InRange(deadlines[1], now.AddMinutes(4), now.AddMinutes(6));
    }

    [Fact]
    public async Task Stream_NoDeadlineGiven_HasNone()
    {
        await using var fixture = await StubFixture.StartAsync();
        var deadline = DateTime.MinValue;
        fixture.Stub.OnWatch = context =>
        {
            deadline = context.Deadline;
            return Task.CompletedTask;
        };

        using (var watch = fixture.Client.Watch(new WatchRequest()))
            await watch.ResponseStream.MoveNext();

        Assert.Equal(DateTime.MaxValue, deadline);
    }

    [Fact]
    public async Task UnaryCall_CallerGivesHeaders_AreSentAndNotChanged()
    {
        await using var fixture = await StubFixture.StartAsync();
        string? seen = null;
        fixture.Stub.OnLookup = context =>
        {
            seen = context.RequestHeaders.GetValue("x-mine");
            return Task.CompletedTask;
        };
        var headers = new Metadata { { "x-mine", "yes" } };

        await fixture.Client.LookupAsync(new LookupRequest(), headers);

        Assert.Equal("yes", seen);
        Assert.Single(headers);
    }

    [Fact]
    public void GetAndCreate_SameAddress_ShareOneChannelAndCreateNewOnes()
    {
        using var channels = BrokerFixture.ChannelsWithKey("key");
        var address = new Uri("http://127.0.0.1:5070");

        Assert.Same(channels.Get(address), channels.Get(new Uri("http://127.0.0.1:5070/")));
        using var own = channels.Create(address);
        Assert.NotSame(channels.Get(address), own);
    }

    [Theory]
    [InlineData("http://10.0.0.1:5070")]
    [InlineData("https://127.0.0.1:5070")]
    [InlineData("http://example.org")]
    public void Create_AddressIsNotHttpOnLoopback_Throws(string address)
    {
        using var channels = BrokerFixture.ChannelsWithKey("key");

        Assert.Throws<ArgumentException>(() => channels.Create(new Uri(address)));
    }

    [Fact]
    public async Task UnaryCall_ServiceRestarts_FailsAtOnceAndSucceedsOnceItIsBack()
    {
        var first = await BrokerFixture.StartAsync();
        var port = first.Address.Port;
        using var channels = BrokerFixture.ChannelsWithKey(BrokerFixture.Key);
        var client = new BrokerService.BrokerClient(channels.Get(first.Address).Invoker);
        await client.LookupAsync(new LookupRequest());

        await first.DisposeAsync();
        // The first call may still find the connection that is just being closed, and fails with it.
        await Assert.ThrowsAsync<RpcException>(() => client.LookupAsync(new LookupRequest()).ResponseAsync);
        for (var i = 0; i < 5; i++)
        {
            var failure = await Assert.ThrowsAsync<RpcException>(() => client.LookupAsync(new LookupRequest()).ResponseAsync);
            Assert.Equal(StatusCode.Unavailable, failure.StatusCode);
        }
        await using var second = await BrokerFixture.StartAsync(port: port);

        await client.LookupAsync(new LookupRequest());
    }

    [Fact]
    public async Task Create_AddressIsLocalhost_ReachesThisMachine()
    {
        await using var broker = await BrokerFixture.StartAsync();
        using var channel = broker.Channels.Create(new Uri($"http://localhost:{broker.Address.Port}"));

        await new BrokerService.BrokerClient(channel.Invoker).LookupAsync(new LookupRequest());
    }
}
