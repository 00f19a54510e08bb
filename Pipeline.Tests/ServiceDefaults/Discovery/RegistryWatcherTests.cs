using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Discovery;
using Pipeline.Tests.Broker;
using Pipeline.Tests.ServiceDefaults.Registration;

namespace Pipeline.Tests.ServiceDefaults.Discovery;

public sealed class RegistryWatcherTests
{
    private static readonly TimeSpan Patience = BrokerFixture.Patience;

    [Fact]
    public async Task ASubscriberIsToldWhatIsThereAndThenEachChange()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await broker.RegisterAsync("a");
        await using var service = await BrokerRegistrationTests.WatchAsync(broker);
        var watcher = service.Get<RegistryWatcher>();
        await BrokerRegistrationTests.WaitForAsync(watcher, view => view.Instances.Count == 1);
        await using var events = watcher.WatchAsync().GetAsyncEnumerator();

        Assert.Single(Assert.IsType<RegistryReset>(await NextAsync(events)).View.Instances);
        var lease = (await broker.RegisterAsync("b")).LeaseId;
        var registered = Assert.IsType<RegistryChanged>(await NextAsync(events));
        Assert.Equal((ChangeKind.Registered, "b", 2, 2L), (registered.Kind, registered.Instance.InstanceId, registered.View.Instances.Count, registered.View.Revision));
        await broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = "b", LeaseId = lease });
        var departed = Assert.IsType<RegistryChanged>(await NextAsync(events));
        Assert.Equal((ChangeKind.Departed, 1, 3L), (departed.Kind, departed.View.Instances.Count, departed.View.Revision));
    }

    [Fact]
    public async Task WhatHappensWhileTheConnectionIsBrokenIsToldAfterwards()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var relay = new Relay(broker.Address.Port);
        await broker.RegisterAsync("a");
        await using var service = await WatchAsync(relay);
        var watcher = service.Get<RegistryWatcher>();
        await BrokerRegistrationTests.WaitForAsync(watcher, view => view.Instances.Count == 1);
        await using var events = watcher.WatchAsync().GetAsyncEnumerator();
        Assert.IsType<RegistryReset>(await NextAsync(events));

        relay.Cut();
        Assert.False(Assert.IsType<RegistryConnection>(await NextAsync(events)).View.IsConnected);
        await broker.RegisterAsync("b");
        await broker.RegisterAsync("c");
        relay.Mend();

        Assert.True(Assert.IsType<RegistryConnection>(await NextAsync(events)).View.IsConnected);
        Assert.Equal("b", Assert.IsType<RegistryChanged>(await NextAsync(events)).Instance.InstanceId);
        Assert.Equal("c", Assert.IsType<RegistryChanged>(await NextAsync(events)).Instance.InstanceId);
    }

    [Fact]
    public async Task ABrokerThatHangsIsTakenForDeadAndFoundAgain()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var relay = new Relay(broker.Address.Port);
        await broker.RegisterAsync("a");
        // Silence alone is to find it here: pings would take three seconds.
        await using var service = await WatchAsync(relay, ("BrokerClient:SilenceTimeout", "00:00:00.300"), ("Channels:KeepAlivePingDelay", "00:10:00"));
        var watcher = service.Get<RegistryWatcher>();
        await BrokerRegistrationTests.WaitForAsync(watcher, view => view.IsConnected);

        relay.Freeze();
        var away = await BrokerRegistrationTests.WaitForAsync(watcher, view => !view.IsConnected);
        Assert.Equal(["a"], away.Instances.Keys);
        relay.Cut();
        relay.Mend();
        await BrokerRegistrationTests.WaitForAsync(watcher, view => view.IsConnected);
    }

    [Fact]
    public async Task PingsFindABrokerThatHangsToo()
    {
        await using var broker = await BrokerFixture.StartAsync();
        await using var relay = new Relay(broker.Address.Port);
        await using var service = await WatchAsync(
            relay, ("BrokerClient:SilenceTimeout", "01:00:00"), ("Channels:KeepAlivePingDelay", "00:00:01"), ("Channels:KeepAlivePingTimeout", "00:00:01"));
        var watcher = service.Get<RegistryWatcher>();
        await BrokerRegistrationTests.WaitForAsync(watcher, view => view.IsConnected);

        relay.Freeze();

        await BrokerRegistrationTests.WaitForAsync(watcher, view => !view.IsConnected);
    }

    [Fact]
    public async Task AWatcherWhoseRevisionIsGoneBeginsAnew()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Watch:HistoryChanges", "16")]);
        await using var relay = new Relay(broker.Address.Port);
        await broker.RegisterAsync("a");
        await using var service = await WatchAsync(relay);
        var watcher = service.Get<RegistryWatcher>();
        await BrokerRegistrationTests.WaitForAsync(watcher, view => view.Instances.Count == 1);
        await using var events = watcher.WatchAsync().GetAsyncEnumerator();
        await NextAsync(events);
        relay.Cut();
        Assert.IsType<RegistryConnection>(await NextAsync(events));
        for (var i = 0; i < 20; i++)
            await broker.RegisterAsync($"i-{i}");
        relay.Mend();

        Assert.Equal(21, Assert.IsType<RegistryReset>(await NextAsync(events)).View.Instances.Count);
    }

    private static Task<ServiceFixture> WatchAsync(Relay relay, params (string Key, string? Value)[] settings) => ServiceFixture.StartAsync(
        builder => builder.AddRegistryWatcher(), null, [("services:broker:grpc:0", relay.Address.ToString()), .. settings]);

    private static async Task<RegistryEvent> NextAsync(IAsyncEnumerator<RegistryEvent> events)
    {
        Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Patience));
        return events.Current;
    }
}
