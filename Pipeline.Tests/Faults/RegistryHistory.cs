using Grpc.Core;
using Grpc.Net.Client;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Tests.AppHost;
using BrokerService = Pipeline.Contracts.Broker.V1.Broker;

namespace Pipeline.Tests.Faults;

/// <summary>
/// A watcher that writes down all it is told, and goes on after each break from the last revision it has seen. What it knows, and
/// whether revisions came in order, each once, none missing, is checked as it comes.
/// </summary>
internal sealed class RegistryHistory : IAsyncDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    private readonly GrpcChannel _channel;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _watching;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Instance> _known = [];
    private readonly List<string> _errors = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _epoch = "";
    private long _revision;
    private bool _inSnapshot;

    /// <summary>Breaks the stream by itself after so many changes; 0 = never.</summary>
    public RegistryHistory(Uri broker, int breakEvery = 0)
    {
        _channel = GrpcChannel.ForAddress(broker);
        _watching = Task.Run(() => WatchAsync(breakEvery));
    }

    public int Changes { get; private set; }

    public int Snapshots { get; private set; }

    public int Epochs { get; private set; }

    /// <summary>What was out of order, missing or told twice.</summary>
    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_lock)
                return [.. _errors];
        }
    }

    /// <summary>Waits until what it knows is as wanted.</summary>
    public async Task UntilAsync(Func<IReadOnlyCollection<Instance>, string, bool> condition, TimeSpan patience)
    {
        using var timeout = new CancellationTokenSource(patience);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (!_inSnapshot && condition([.. _known.Values], _epoch))
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(timeout.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watching;
        _channel.Dispose();
    }

    private async Task WatchAsync(int breakEvery)
    {
        while (!_end.IsCancellationRequested)
        {
            var before = Changes;
            try
            {
                var client = new BrokerService.BrokerClient(_channel);
                var headers = new Metadata { { "authorization", $"Bearer {AppHostUnderTest.Key}" } };
                using var call = client.Watch(new WatchRequest { AfterRevision = _revision, Epoch = _epoch }, headers, cancellationToken: _end.Token);
                await foreach (var answer in call.ResponseStream.ReadAllAsync(_end.Token))
                {
                    Take(answer);
                    if (breakEvery > 0 && Changes - before >= breakEvery && !_inSnapshot)
                        break;
                }
            }
            catch (RpcException)
            {
                // The broker is gone for a moment.
                await Task.Delay(Glance, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            _inSnapshot = false;
        }
    }

    private void Take(WatchResponse answer)
    {
        lock (_lock)
        {
            switch (answer.ResponseCase)
            {
                case WatchResponse.ResponseOneofCase.Snapshot:
                    Take(answer.Snapshot);
                    break;
                case WatchResponse.ResponseOneofCase.Change:
                    Take(answer.Change);
                    break;
                case WatchResponse.ResponseOneofCase.Progress when answer.Progress.Revision < _revision:
                    _errors.Add($"progress tells revision {answer.Progress.Revision} after {_revision}");
                    break;
                case WatchResponse.ResponseOneofCase.Progress when answer.Progress.Revision > _revision:
                    _errors.Add($"progress tells revision {answer.Progress.Revision}, but changes only came up to {_revision}");
                    break;
            }

            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private void Take(SnapshotPage page)
    {
        if (!_inSnapshot)
        {
            Snapshots++;
            _known.Clear();
            if (page.Epoch != _epoch)
                Epochs++;
            else if (page.Revision < _revision)
                _errors.Add($"a snapshot of revision {page.Revision} after {_revision}");
        }

        (_epoch, _revision, _inSnapshot) = (page.Epoch, page.Revision, page.More);
        foreach (var instance in page.Instances)
            _known[instance.InstanceId] = instance;
    }

    private void Take(Change change)
    {
        Changes++;
        if (change.Revision != _revision + 1)
            _errors.Add($"revision {change.Revision} after {_revision}");
        _revision = change.Revision;
        if (change.Kind == ChangeKind.Departed)
        {
            if (!_known.Remove(change.Instance.InstanceId))
                _errors.Add($"{change.Instance.InstanceId} departed and was not there");
        }
        else
        {
            _known[change.Instance.InstanceId] = change.Instance;
        }
    }
}
