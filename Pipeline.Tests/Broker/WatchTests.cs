using System.Collections.Concurrent;
using System.Globalization;
using CsCheck;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Broker.Watch;
using Pipeline.Contracts.Broker.V1;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.Broker;

/// <summary>Watches over real connections.</summary>
public sealed class WatchTests
{
    private static readonly TimeSpan Patience = BrokerFixture.Patience;

    [Fact]
    public async Task WatchersSeeEveryChangeOnceAndInOrderWhileManyChangeTheRegistry()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Registry:RegistrationsPerSecond", "100000")]);

        // Each sample: a history by four callers at once, three watchers that are there from the start and one that resumes halfway.
        await Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4]).Array[20, 60].Array[4].SampleAsync(async callers =>
        {
            await foreach (var instance in LeftAsync(broker))
                await broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = instance });
            var start = await RevisionAsync(broker);
            using var stop = new CancellationTokenSource();
            var watchers = Enumerable.Range(0, 3).Select(_ => RecordAsync(broker, new WatchRequest(), stop.Token)).ToList();
            await Task.WhenAll(watchers.Select(watcher => watcher.Started.Task.WaitAsync(Patience)));

            await Task.WhenAll(callers.Select((operations, caller) => ActAsync(broker, caller, operations)));
            var end = await RevisionAsync(broker);
            watchers.Add(RecordAsync(
                broker, new WatchRequest { AfterRevision = Math.Max(1, (start + end) / 2), Epoch = watchers[0].Epoch }, stop.Token));
            await Task.WhenAll(watchers.Select(watcher => watcher.Reached(end).WaitAsync(Patience)));
            await stop.CancelAsync();

            var now = (await broker.Client.ListAsync(new ListRequest { IncludeDeparted = true, PageSize = 1000 })).Instances
                .Where(instance => instance.State is InstanceState.Live or InstanceState.Draining)
                .ToDictionary(instance => instance.InstanceId, instance => (instance.State, instance.LeaseId));
            foreach (var watcher in watchers)
                watcher.Check(end, now);
        }, iter: 15, threads: 1);
    }

    [Fact]
    public async Task AWatcherThatWasAwayTooLongIsToldSo()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Watch:HistoryChanges", "16")]);
        await broker.RegisterAsync("first");
        var epoch = (await broker.Client.LookupAsync(new LookupRequest())).Epoch;
        for (var i = 0; i < 20; i++)
            await broker.RegisterAsync($"i-{i}");

        using var watch = broker.Client.Watch(new WatchRequest { AfterRevision = 1, Epoch = epoch });

        var page = (await NextAsync(watch)).Snapshot;
        Assert.True(page.Compacted);
        Assert.Equal((21, 21), (page.Instances.Count, page.Revision));
    }

    [Fact]
    public async Task ARevisionOfAnotherEpochIsAnsweredWithASnapshot()
    {
        await using var former = await BrokerFixture.StartAsync();
        await former.RegisterAsync("a");
        await former.RegisterAsync("b");
        var epoch = (await former.Client.LookupAsync(new LookupRequest())).Epoch;
        await using var latter = await BrokerFixture.StartAsync();
        await latter.RegisterAsync("c");

        using var watch = latter.Client.Watch(new WatchRequest { AfterRevision = 1, Epoch = epoch });

        var page = (await NextAsync(watch)).Snapshot;
        Assert.True(page.Compacted);
        Assert.NotEqual(epoch, page.Epoch);
        Assert.Equal("c", Assert.Single(page.Instances).InstanceId);
    }

    [Fact]
    public async Task NoticesTellThatTheBrokerIsAlive()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Leases:TimeToLive", "00:00:00.400")]);
        using var watch = broker.Client.Watch(new WatchRequest());
        Assert.Equal(WatchResponse.ResponseOneofCase.Snapshot, (await NextAsync(watch)).ResponseCase);

        for (var i = 0; i < 3; i++)
            Assert.Equal(WatchResponse.ResponseOneofCase.Progress, (await NextAsync(watch)).ResponseCase);
    }

    [Fact]
    public async Task OneWatcherTooManyIsRefused()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Watch:MaxWatchers", "2")]);
        using var first = broker.Client.Watch(new WatchRequest());
        using var second = broker.Client.Watch(new WatchRequest());
        await Task.WhenAll(NextAsync(first), NextAsync(second));

        using (var third = broker.Client.Watch(new WatchRequest()))
            Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => NextAsync(third))).StatusCode);
    }

    [Fact]
    public async Task WatchersThatNeverReadAreGivenUpAndTheOthersHearEverything()
    {
        await using var broker = await BrokerFixture.StartAsync(
        [
            new("Watch:WriteTimeout", "00:00:00.500"), new("Registry:RegistrationsPerSecond", "100000"), new("Watch:HistoryChanges", "64"),
        ]);
        var slots = broker.App.Services.GetRequiredService<WatcherSlots>();
        var deaf = Enumerable.Range(0, 5).Select(_ => broker.Client.Watch(new WatchRequest())).ToList();
        await Task.WhenAll(deaf.Select(watch => watch.ResponseHeadersAsync.WaitAsync(Patience)));
        using var stop = new CancellationTokenSource();
        var hearing = RecordAsync(broker, new WatchRequest(), stop.Token);
        await hearing.Started.Task.WaitAsync(Patience);
        Assert.Equal(6, slots.Taken);

        // Until the windows of those who do not read are full, and the broker has given them up.
        using var patience = new CancellationTokenSource(Patience);
        var sent = 0;
        while (slots.Taken > 1)
        {
            patience.Token.ThrowIfCancellationRequested();
            await broker.Client.RegisterAsync(new RegisterRequest { Instance = InstanceRegistryTestsLarge($"i-{sent++ % 20}") });
        }

        await hearing.Reached(await RevisionAsync(broker)).WaitAsync(Patience);
        deaf.ForEach(watch => watch.Dispose());
        await stop.CancelAsync();
    }

    [Fact]
    public async Task AStopOfTheBrokerEndsWatchesAtOnce()
    {
        var broker = await BrokerFixture.StartAsync();
        using var watch = broker.Client.Watch(new WatchRequest());
        await NextAsync(watch);
        var next = Assert.ThrowsAsync<RpcException>(() => NextAsync(watch));

        await broker.App.StopAsync().WaitAsync(Patience);

        Assert.Equal(StatusCode.Unavailable, (await next).StatusCode);
        await broker.DisposeAsync();
    }

    private static Instance InstanceRegistryTestsLarge(string id) => Registry.InstanceRegistryTests.Large(id);

    private static async Task ActAsync(BrokerFixture broker, int caller, (int Operation, int Which)[] operations)
    {
        var leases = new Dictionary<string, long>();
        using var renewals = broker.Client.KeepAlive();
        foreach (var (operation, which) in operations)
        {
            // Two callers fight for each name.
            var id = string.Create(CultureInfo.InvariantCulture, $"{caller / 2}-{which}");
            if (operation is 0 or 1)
            {
                leases[id] = (await broker.RegisterAsync(id)).LeaseId;
            }
            else if (operation == 2 && leases.TryGetValue(id, out var lease))
            {
                await renewals.RequestStream.WriteAsync(new KeepAliveRequest { LeaseId = lease, Draining = true });
                Assert.True(await renewals.ResponseStream.MoveNext());
            }
            else if (operation == 3)
            {
                try
                {
                    await broker.Client.UnregisterAsync(new UnregisterRequest { InstanceId = id });
                }
                catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
                {
                    // The other one was faster.
                }
            }
        }
    }

    private static async IAsyncEnumerable<string> LeftAsync(BrokerFixture broker)
    {
        var left = await broker.Client.ListAsync(new ListRequest { IncludeDeparted = true, PageSize = 1000 });
        foreach (var instance in left.Instances.Where(instance => instance.State is InstanceState.Live or InstanceState.Draining))
            yield return instance.InstanceId;
    }

    private static async Task<long> RevisionAsync(BrokerFixture broker) => (await broker.Client.LookupAsync(new LookupRequest())).Revision;

    private static async Task<WatchResponse> NextAsync(AsyncServerStreamingCall<WatchResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext().WaitAsync(Patience));
        return watch.ResponseStream.Current;
    }

    private static Recorder RecordAsync(BrokerFixture broker, WatchRequest request, CancellationToken cancellationToken)
    {
        var recorder = new Recorder(request.AfterRevision, request.Epoch);
        _ = recorder.RunAsync(broker.Client, request, cancellationToken);
        return recorder;
    }

    /// <summary>Keeps what a watcher saw, and says what is wrong with it.</summary>
    private sealed class Recorder(long after, string epoch)
    {
        private readonly Dictionary<string, (InstanceState State, long LeaseId)> _state = [];
        private readonly ConcurrentDictionary<long, TaskCompletionSource> _waiters = new();
        private readonly bool _resumes = after > 0;
        private long _revision = after;
        private string? _error;

        public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Epoch { get; private set; } = epoch;

        public async Task RunAsync(BrokerService.BrokerClient client, WatchRequest request, CancellationToken cancellationToken)
        {
            try
            {
                using var watch = client.Watch(request, cancellationToken: cancellationToken);
                await foreach (var response in watch.ResponseStream.ReadAllAsync(cancellationToken))
                    Take(response);
            }
            catch (Exception exception) when (cancellationToken.IsCancellationRequested && exception is RpcException or OperationCanceledException)
            {
                // The test is over.
            }
            catch (Exception exception)
            {
                _error = exception.ToString();
                Started.TrySetException(exception);
                foreach (var waiter in _waiters.Values)
                    waiter.TrySetException(exception);
            }
        }

        public Task Reached(long revision)
        {
            var waiter = _waiters.GetOrAdd(revision, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (Volatile.Read(ref _revision) >= revision)
                waiter.TrySetResult();
            return waiter.Task;
        }

        public void Check(long end, Dictionary<string, (InstanceState State, long LeaseId)> now)
        {
            Assert.Null(_error);
            Assert.Equal(end, _revision);
            // One that resumed does not know what was before.
            if (!_resumes)
                Assert.Equal(now.OrderBy(entry => entry.Key), _state.OrderBy(entry => entry.Key));
        }

        private void Take(WatchResponse response)
        {
            switch (response.ResponseCase)
            {
                case WatchResponse.ResponseOneofCase.Snapshot:
                    Assert.False(_resumes, "a snapshot for one that resumes");
                    foreach (var instance in response.Snapshot.Instances)
                        _state[instance.InstanceId] = (instance.State, instance.LeaseId);
                    Epoch = response.Snapshot.Epoch;
                    if (!response.Snapshot.More)
                        Advance(response.Snapshot.Revision);
                    break;
                case WatchResponse.ResponseOneofCase.Change:
                    Assert.Equal(_revision + 1, response.Change.Revision);
                    var changed = response.Change.Instance;
                    if (response.Change.Kind == ChangeKind.Departed)
                    {
                        Assert.True(_state.Remove(changed.InstanceId) || _resumes, "the departure of an unknown instance");
                    }
                    else
                    {
                        Assert.True(
                            _resumes || response.Change.Kind == ChangeKind.Draining || !_state.ContainsKey(changed.InstanceId),
                            "a registration where the former one has not departed");
                        _state[changed.InstanceId] = (changed.State, changed.LeaseId);
                    }
                    Advance(response.Change.Revision);
                    break;
                default:
                    Assert.Equal(_revision, response.Progress.Revision);
                    break;
            }
        }

        private void Advance(long revision)
        {
            Volatile.Write(ref _revision, revision);
            Started.TrySetResult();
            foreach (var (wanted, waiter) in _waiters)
            {
                if (wanted <= revision)
                    waiter.TrySetResult();
            }
        }
    }
}
