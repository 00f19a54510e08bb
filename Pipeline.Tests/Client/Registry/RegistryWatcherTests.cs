using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Tests.Broker;
using Pipeline.Tests.Client.Registration;
using Pipeline.Tests.ServiceDefaults;

namespace Pipeline.Tests.Client.Registry;

public sealed class RegistryWatcherTests
{
    [Fact]
    public async Task WatchAsync_Changes_GivesTheViewOfNowAndThenEachOne()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await broker.RegisterAsync("a");
        await using var service = await BrokerRegistrationTests.WatchAsync(broker);
        await BrokerRegistrationTests.WaitForAsync(service, view => view.Instances.Count == 1);
        await using var views = service.Get<RegistryWatcher>().WatchAsync().GetAsyncEnumerator();

        Assert.Single((await NextAsync(views)).Instances);
        var lease = (await broker.RegisterAsync("b")).LeaseId;
        Assert.True(await NextAsync(views) is { Instances.Count: 2, Revision: 2 });
        await broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = "b", LeaseId = lease });
        Assert.True(await NextAsync(views) is { Instances.Count: 1, Expired.Count: 0, Revision: 3 });
    }

    [Fact]
    public async Task WatchAsync_SlowReader_GetsTheLatestViewForAllThatItMissed()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var service = await BrokerRegistrationTests.WatchAsync(broker);
        await using var views = service.Get<RegistryWatcher>().WatchAsync().GetAsyncEnumerator();
        await NextAsync(views);
        for (var i = 1; i <= 100; i++)
            await broker.RegisterAsync($"i-{i}");
        await BrokerRegistrationTests.WaitForAsync(service, view => view.Instances.Count == 100);

        Assert.Equal(100, (await NextAsync(views)).Instances.Count);
    }

    [Fact]
    public async Task WatchAsync_ChangesWhileDisconnected_ArriveAfterReconnecting()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var relay = new Relay(broker.Address.Port);
        await broker.RegisterAsync("a");
        await using var service = await WatchAsync(relay);
        await BrokerRegistrationTests.WaitForAsync(service, view => view.Instances.Count == 1);

        relay.Cut();
        await BrokerRegistrationTests.WaitForAsync(service, view => !view.IsConnected);
        await broker.RegisterAsync("b");
        await broker.RegisterAsync("c");
        relay.Mend();

        var view = await BrokerRegistrationTests.WaitForAsync(service, view => view.IsConnected && view.Instances.Count == 3);
        Assert.Equal(["a", "b", "c"], view.Instances.Keys);
    }

    [Fact]
    public async Task WatchAsync_BrokerSilent_DisconnectsAndReconnects()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var relay = new Relay(broker.Address.Port);
        await broker.RegisterAsync("a");
        // Silence alone is to find it here: pings would take seven seconds.
        await using var service = await WatchAsync(relay, ("BrokerClient:SilenceTimeout", "00:00:00.300"), ("Channels:KeepAlivePingDelay", "00:10:00"));
        await BrokerRegistrationTests.WaitForAsync(service, view => view.IsConnected);

        relay.Freeze();
        var away = await BrokerRegistrationTests.WaitForAsync(service, view => !view.IsConnected);
        Assert.Equal(["a"], away.Instances.Keys);
        relay.Cut();
        relay.Mend();
        await BrokerRegistrationTests.WaitForAsync(service, view => view.IsConnected);
    }

    [Fact]
    public async Task WatchAsync_BrokerAnswersNoPings_Disconnects()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var relay = new Relay(broker.Address.Port);
        await using var service = await WatchAsync(
            relay, ("BrokerClient:SilenceTimeout", "01:00:00"), ("Channels:KeepAlivePingDelay", "00:00:01"), ("Channels:KeepAlivePingTimeout", "00:00:01"));
        await BrokerRegistrationTests.WaitForAsync(service, view => view.IsConnected);

        relay.Freeze();

        await BrokerRegistrationTests.WaitForAsync(service, view => !view.IsConnected);
    }

    [Fact]
    public async Task WatchAsync_RevisionCompactedWhileDisconnected_TakesASnapshot()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Watch:HistoryChanges", "16")]);
        await using var relay = new Relay(broker.Address.Port);
        await broker.RegisterAsync("a");
        await using var service = await WatchAsync(relay);
        await BrokerRegistrationTests.WaitForAsync(service, view => view.Instances.Count == 1);
        relay.Cut();
        await BrokerRegistrationTests.WaitForAsync(service, view => !view.IsConnected);
        await using var views = service.Get<RegistryWatcher>().WatchAsync().GetAsyncEnumerator();
        await NextAsync(views);
        for (var i = 0; i < 20; i++)
            await broker.RegisterAsync($"i-{i}");
        relay.Mend();

        // All at once: a snapshot, and not one change after another.
        Assert.Equal(21, (await NextAsync(views)).Instances.Count);
    }

    private static Task<ServiceFixture> WatchAsync(Relay relay, params (string Key, string? Value)[] settings) => ServiceFixture.StartAsync(
        builder => builder.AddRegistryWatcher(), null, [("services:broker:grpc:0", relay.Address.ToString()), .. settings]);

    private static async Task<RegistryView> NextAsync(IAsyncEnumerator<RegistryView> views)
    {
        Assert.True(await views.MoveNextAsync().AsTask().WaitAsync(Waiting.Limit));
        return views.Current;
    }
}
