using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Broker.Registry;
using Pipeline.Broker.Watch;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Tests.Broker.Registry;

namespace Pipeline.Tests.Broker.Watch;

public sealed class WatchStreamTests : IDisposable
{
    private static readonly TimeSpan NoticeInterval = TimeSpan.FromSeconds(2.5);
    private readonly FakeTimeProvider _time = new();
    private readonly WatchOptions _options = new() { HistoryChanges = 16, SnapshotPage = 3 };
    private readonly CancellationTokenSource _cancel = new();
    private readonly InstanceRegistry _registry;

    public WatchStreamTests() => _registry = InstanceRegistryTests.NewRegistry(_time, watch: _options);

    public void Dispose() => _cancel.Dispose();

    [Fact]
    public async Task RunAsync_LargeSnapshot_ComesInConsecutivePages()
    {
        Register(7);
        var output = new Output();
        using var watching = Start(output, 0, "");

        var pages = new List<SnapshotPage>();
        do
            pages.Add((await output.NextAsync()).Snapshot);
        while (pages[^1].More);

        Assert.Equal([3, 3, 1], pages.Select(page => page.Instances.Count));
        Assert.All(pages, page => Assert.Equal((7, _registry.Epoch, false), (page.Revision, page.Epoch, page.Compacted)));
        Register(1, "later");
        Assert.Equal(8, (await output.NextAsync()).Change.Revision);
    }

    [Fact]
    public async Task RunAsync_ChangesDuringTheSnapshot_FollowIt()
    {
        Register(7);
        var output = new Output(capacity: 1);
        using var watching = Start(output, 0, "");
        await output.BlockedAsync();
        Register(2, "meanwhile");

        for (var page = 0; page < 3; page++)
            Assert.Equal(7, (await output.NextAsync()).Snapshot.Revision);
        Assert.Equal(8, (await output.NextAsync()).Change.Revision);
        Assert.Equal(9, (await output.NextAsync()).Change.Revision);
    }

    [Fact]
    public async Task RunAsync_EmptyRegistry_SendsAnEmptySnapshot()
    {
        var output = new Output();
        using var watching = Start(output, 0, "");

        var page = (await output.NextAsync()).Snapshot;

        Assert.Empty(page.Instances);
        Assert.False(page.More);
    }

    [Fact]
    public async Task RunAsync_KnownRevision_ContinuesWithTheNextChange()
    {
        Register(5);
        var output = new Output();
        using var watching = Start(output, 3, _registry.Epoch);

        Assert.Equal(4, (await output.NextAsync()).Change.Revision);
        Assert.Equal(5, (await output.NextAsync()).Change.Revision);
    }

    [Fact]
    public async Task RunAsync_NothingMissed_SendsTheCurrentRevision()
    {
        Register(5);
        var output = new Output();
        using var watching = Start(output, 5, _registry.Epoch);

        Assert.Equal(5, (await output.NextAsync()).Progress.Revision);
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(1000, null)]
    [InlineData(18, "another-epoch")]
    public async Task RunAsync_RevisionCompactedOrUnknown_SendsASnapshot(long after, string? epoch)
    {
        Register(20);
        var output = new Output();
        using var watching = Start(output, after, epoch ?? _registry.Epoch);

        var page = (await output.NextAsync()).Snapshot;

        Assert.True(page.Compacted);
        Assert.Equal(20, page.Revision);
    }

    [Fact]
    public async Task RunAsync_NoChanges_SendsPeriodicNotices()
    {
        Register(1);
        var output = new Output();
        using var watching = Start(output, 0, "");
        await output.NextAsync();

        for (var i = 0; i < 3; i++)
        {
            await AdvanceUntilWrittenAsync(output);
            Assert.Equal(1, (await output.NextAsync()).Progress.Revision);
        }
    }

    [Fact]
    public async Task RunAsync_ChangesOutsideTheFilter_ShowInNoticesOnly()
    {
        Register(2);
        var output = new Output();
        using var watching = Start(output, 0, "", new InstanceFilter("", "sink"));
        Assert.Empty((await output.NextAsync()).Snapshot.Instances);

        Register(3, "more");
        await AdvanceUntilWrittenAsync(output);
        Assert.Equal(5, (await output.NextAsync()).Progress.Revision);
        _registry.Register(BrokerFixture.NewInstance("sink-0", "sink"));
        var change = (await output.NextAsync()).Change;
        Assert.Equal((6, "sink-0"), (change.Revision, change.Instance.InstanceId));
    }

    [Fact]
    public async Task RunAsync_WatcherFallsBehindTheHistory_GetsAFreshSnapshot()
    {
        var output = new Output(capacity: 1);
        using var watching = Start(output, 0, "");
        // The snapshot fills the output, the first change waits; then more happens than is kept.
        Register(1, "first");
        await output.BlockedAsync();
        Register(100);

        Assert.Equal(0, (await output.NextAsync()).Snapshot.Revision);
        // What it had taken before, at most one portion, still comes in order.
        var revision = 0L;
        WatchResponse response;
        while ((response = await output.NextAsync()).ResponseCase == WatchResponse.ResponseOneofCase.Change)
            Assert.Equal(++revision, response.Change.Revision);
        var instances = response.Snapshot.Instances.Count;
        while (response.Snapshot.More)
        {
            response = await output.NextAsync();
            instances += response.Snapshot.Instances.Count;
        }
        Assert.Equal((true, 101, 101), (response.Snapshot.Compacted, response.Snapshot.Revision, instances));
        Register(1, "later");
        Assert.Equal(102, (await output.NextAsync()).Change.Revision);
    }

    [Fact]
    public async Task RunAsync_WatcherDoesNotRead_EndsAfterTheWriteTimeout()
    {
        var output = new Output(capacity: 1);
        using var watching = Start(output, 0, "");
        Register(1);
        await output.BlockedAsync();

        _time.Advance(_options.WriteTimeout);

        var failure = await Assert.ThrowsAsync<RpcException>(() => watching.Task.WaitAsync(Waiting.Limit));
        Assert.Equal(StatusCode.ResourceExhausted, failure.StatusCode);
    }

    private void Register(int count, string prefix = "i")
    {
        for (var i = 0; i < count; i++)
            _registry.Register(BrokerFixture.NewInstance($"{prefix}-{i:000}"));
    }

    private Watching Start(Output output, long after, string epoch, InstanceFilter? filter = null) => new(
        new WatchStream(_registry, _options, NoticeInterval, _time, filter ?? new InstanceFilter("", ""), output, _cancel.Token).RunAsync(after, epoch),
        _cancel);

    // The stream sets its timer at a moment that a test cannot see: time goes on in small steps until something is written, and
    // not a step more. Whoever waits for a reader to have it may wait for longer than the stream does until its next notice.
    private async Task AdvanceUntilWrittenAsync(Output output)
    {
        var patience = Task.Delay(Waiting.Limit);
        while (output.IsEmpty && !patience.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
        Assert.False(output.IsEmpty, "nothing came however much time passed");
    }

    private sealed record Watching(Task Task, CancellationTokenSource Cancel) : IDisposable
    {
        public void Dispose() => Cancel.Cancel();
    }

    private sealed class Output(int capacity = int.MaxValue) : IServerStreamWriter<WatchResponse>
    {
        private readonly Channel<WatchResponse> _written = Channel.CreateBounded<WatchResponse>(capacity);
        private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public WriteOptions? WriteOptions { get; set; }

        public bool IsEmpty => _written.Reader.Count == 0;

        public Task WriteAsync(WatchResponse message) => WriteAsync(message, CancellationToken.None);

        public async Task WriteAsync(WatchResponse message, CancellationToken cancellationToken)
        {
            if (_written.Writer.TryWrite(message))
                return;
            var written = _written.Writer.WriteAsync(message, cancellationToken);
            _blocked.TrySetResult();
            await written;
        }

        public Task BlockedAsync() => _blocked.Task.WaitAsync(Waiting.Limit);

        public Task<WatchResponse> NextAsync() => _written.Reader.ReadAsync().AsTask().WaitAsync(Waiting.Limit);
    }
}
