using System.Globalization;
using System.Threading.RateLimiting;
using CsCheck;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Broker.Watch;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.Broker;

/// <summary>Watches over real connections.</summary>
public sealed class WatchTests
{
    [Fact]
    public async Task Watch_ConcurrentChanges_EveryWatcherSeesEachOnceAndInOrder()
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
            await Task.WhenAll(watchers.Select(watcher => watcher.Started.Task.WaitAsync(Waiting.Limit)));

            await Task.WhenAll(callers.Select((operations, caller) => ActAsync(broker, caller, operations)));
            var end = await RevisionAsync(broker);
            watchers.Add(RecordAsync(
                broker, new WatchRequest { AfterRevision = Math.Max(1, (start + end) / 2), Epoch = watchers[0].Epoch }, stop.Token));
            await Task.WhenAll(watchers.Select(watcher => watcher.Reached(end).WaitAsync(Waiting.Limit)));
            await stop.CancelAsync();

            var now = (await broker.Client.ListAsync(new ListRequest { IncludeDeparted = true, PageSize = 1000 })).Instances
                .Where(instance => instance.State is InstanceState.Live or InstanceState.Draining)
                .ToDictionary(instance => instance.InstanceId, instance => (instance.State, instance.LeaseId));
            foreach (var watcher in watchers)
                watcher.Check(end, now);
        }, iter: 15, threads: 1);
    }

    [Fact]
    public async Task Watch_RevisionCompacted_SendsASnapshotMarkedCompacted()
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
    public async Task Watch_RevisionOfAnotherEpoch_SendsASnapshotMarkedCompacted()
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

    [Theory]
    [InlineData("00:00:01", 500)]
    [InlineData("00:00:16", 2_500)]
    [InlineData("00:10:00", 2_500)]
    public async Task Watch_NoChanges_IsNeverSilentForAsLongAsWatchersBear(string timeToLive, int milliseconds)
    {
        var time = new WatchedTime();
        await using var broker = await BrokerFixture.StartAsync([new("Leases:TimeToLive", timeToLive)], time);
        using var watch = broker.Client.Watch(new WatchRequest());
        Assert.Equal(WatchResponse.ResponseOneofCase.Snapshot, (await NextAsync(watch)).ResponseCase);

        for (var notice = 0; notice < 3; notice++)
        {
            // It comes then and not before: the clock stands still otherwise.
            await time.LetPassAsync(TimeSpan.FromMilliseconds(milliseconds));
            Assert.Equal(WatchResponse.ResponseOneofCase.Progress, (await NextAsync(watch)).ResponseCase);
        }

        Assert.InRange(TimeSpan.FromMilliseconds(milliseconds), TimeSpan.Zero, new BrokerClientOptions().SilenceTimeout / 3);
    }

    [Fact]
    public async Task Watch_OneWatcherTooMany_IsRefused()
    {
        await using var broker = await BrokerFixture.StartAsync([new("Watch:MaxWatchers", "2")]);
        using var first = broker.Client.Watch(new WatchRequest());
        using var second = broker.Client.Watch(new WatchRequest());
        await Task.WhenAll(NextAsync(first), NextAsync(second));

        using (var third = broker.Client.Watch(new WatchRequest()))
            Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => NextAsync(third))).StatusCode);
    }

    [Fact]
    public async Task Watch_WatchersThatDoNotRead_AreDroppedAndOthersMissNothing()
    {
        var time = new FakeTimeProvider();
        await using var broker = await BrokerFixture.StartAsync(
        [
            new("Watch:WriteTimeout", "00:00:00.500"), new("Registry:RegistrationsPerSecond", "100000"), new("Watch:HistoryChanges", "64"),
        ], time);
        var slots = broker.App.Services.GetRequiredService<ConcurrencyLimiter>();
        long Taken() => new WatchOptions().MaxWatchers - slots.GetStatistics()!.CurrentAvailablePermits;
        var deaf = Enumerable.Range(0, 5).Select(_ => broker.Client.Watch(new WatchRequest())).ToList();
        await Task.WhenAll(deaf.Select(watch => watch.ResponseHeadersAsync.WaitAsync(Waiting.Limit)));
        using var stop = new CancellationTokenSource();
        var hearing = RecordAsync(broker, new WatchRequest(), stop.Token);
        await hearing.Started.Task.WaitAsync(Waiting.Limit);
        Assert.Equal(6, Taken());

        // Until the windows of those who do not read are full, and the broker has given them up. Time passes only when the one who
        // reads has heard it all, so that a machine without time for it is not taken for deafness.
        using var patience = new CancellationTokenSource(Waiting.Limit);
        var sent = 0;
        while (Taken() > 1)
        {
            patience.Token.ThrowIfCancellationRequested();
            var request = new RegisterRequest { Instance = Registry.InstanceRegistryTests.Large($"i-{sent++ % 20}") };
            var registered = await broker.Client.RegisterAsync(request);
            await hearing.Reached(registered.Revision).WaitAsync(Waiting.Limit);
            time.Pass(TimeSpan.FromMilliseconds(20));
        }

        foreach (var watch in deaf)
        {
            var failure = await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.ReadAllAsync().CountAsync().AsTask().WaitAsync(Waiting.Limit));
            // A reset: no status of the broker's comes through.
            Assert.True(failure.StatusCode is StatusCode.Cancelled or StatusCode.Internal, failure.Status.ToString());
            watch.Dispose();
        }
        Assert.Equal(1, Taken());
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Watch_BrokerStops_EndsAsUnavailable()
    {
        var broker = await BrokerFixture.StartAsync();
        using var watch = broker.Client.Watch(new WatchRequest());
        await NextAsync(watch);
        var next = Assert.ThrowsAsync<RpcException>(() => NextAsync(watch));

        await broker.App.StopAsync().WaitAsync(Waiting.Limit);

        Assert.Equal(StatusCode.Unavailable, (await next).StatusCode);
        await broker.DisposeAsync();
    }

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
        Assert.True(await watch.ResponseStream.MoveNext().WaitAsync(Waiting.Limit));
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
        private readonly List<(long Revision, TaskCompletionSource Reached)> _waiters = [];
        private readonly bool _resumes = after > 0;
        private long _revision = after;
        private bool _pages;
        private Exception? _error;

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
                lock (_waiters)
                {
                    _error = exception;
                    foreach (var (_, waiter) in _waiters)
                        waiter.TrySetException(exception);
                }
                Started.TrySetException(exception);
            }
        }

        public Task Reached(long revision)
        {
            lock (_waiters)
            {
                if (_error is not null)
                    return Task.FromException(_error);
                if (_revision >= revision)
                    return Task.CompletedTask;
                var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiters.Add((revision, waiter));
                return waiter.Task;
            }
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
                    if (!_pages)
                        _state.Clear();
                    _pages = response.Snapshot.More;
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
            lock (_waiters)
            {
                _revision = revision;
                foreach (var (wanted, waiter) in _waiters)
                {
                    if (wanted <= revision)
                        waiter.TrySetResult();
                }
                _waiters.RemoveAll(waiting => waiting.Revision <= revision);
            }
            Started.TrySetResult();
        }
    }
}
