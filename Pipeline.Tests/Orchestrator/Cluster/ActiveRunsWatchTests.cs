using System.Threading.Channels;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Cluster;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Tests.Orchestrator.Cluster;

public sealed class ActiveRunsWatchTests : IActiveRuns, IClusteredRuns
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeLogger<ActiveRunsWatch> _logger = new();
    private readonly Channel<string> _ensured = Channel.CreateUnbounded<string>();
    private Action _refresh = () => { };
    private Func<IReadOnlyList<string>> _list = () => ["a", "b"];
    private Func<string, Task> _answer = _ => Task.CompletedTask;

    [Fact]
    public async Task Start_ActiveRuns_EnsuredAtOnceAndAgain()
    {
        using var watch = new ActiveRunsWatch(this, this, _time, _logger);

        await watch.StartAsync(CancellationToken.None);

        Assert.Equal(["a", "b"], [await NextAsync(), await NextAsync()]);
        _list = () => ["b"];
        _time.Advance(ActiveRunsWatch.Interval);
        Assert.Equal("b", await NextAsync());
        await watch.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Start_MachineOfARunDoesNotAnswer_OthersAreEnsuredAgain()
    {
        var silent = new TaskCompletionSource();
        _answer = run => run == "a" ? silent.Task : Task.CompletedTask;
        using var watch = new ActiveRunsWatch(this, this, _time, _logger);

        await watch.StartAsync(CancellationToken.None);

        Assert.Equal(["a", "b"], [await NextAsync(), await NextAsync()]);
        _time.Advance(ActiveRunsWatch.Interval);
        Assert.Equal("b", await NextAsync());
        silent.SetResult();
        do
            _time.Advance(ActiveRunsWatch.Interval);
        while (await NextAsync() != "a");
        await watch.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Look_StorageUnreadable_LoggedOnceAndRepeated()
    {
        var looks = 0;
        _list = () => ["a"];
        _refresh = () =>
        {
            if (++looks == 3)
                _refresh = () => { };
            // The next look, which is due as soon as this one has ended.
            _time.Advance(ActiveRunsWatch.Interval);
            throw new IOException("stale file handle");
        };
        using var watch = new ActiveRunsWatch(this, this, _time, _logger);

        await watch.StartAsync(CancellationToken.None);

        Assert.Equal("a", await NextAsync());
        Assert.Contains("stale file handle", Assert.Single(_logger.Collector.GetSnapshot()).Message, StringComparison.Ordinal);
        await watch.StopAsync(CancellationToken.None);
    }

    private async Task<string> NextAsync() => await _ensured.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));

    IReadOnlyList<string> IActiveRuns.List() => _list();

    void IActiveRuns.Refresh() => _refresh();

    async Task IPartitionedRuns.EnsureAsync(string runId)
    {
        await _ensured.Writer.WriteAsync(runId);
        await _answer(runId);
    }

    Task IClusteredRuns.BeginAsync(string runId) => throw new NotSupportedException();

    Task IClusteredRuns.HandOverAsync(string runId, IReadOnlyList<string> tried) => throw new NotSupportedException();

    Task IPartitionedRuns.StopAsync(string runId, StopReason reason) => throw new NotSupportedException();
}
