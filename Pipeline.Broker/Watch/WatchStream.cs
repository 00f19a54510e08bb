using Grpc.Core;
using Pipeline.Broker.Registry;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Watch;

/// <summary>One watcher: a snapshot, or where it was; then every change once and in order, and notices in between.</summary>
internal sealed class WatchStream(
    InstanceRegistry registry, WatchOptions options, TimeSpan noticeInterval, TimeProvider time,
    InstanceFilter filter, IServerStreamWriter<WatchResponse> output, CancellationToken cancellationToken)
{
    private const int ChangesAtOnce = 64;
    private long _revision;
    private long _lastWrite;

    /// <summary>Runs until it is cancelled.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: the watcher does not read. Its stream has been reset.</exception>
    public async Task RunAsync(long afterRevision, string epoch)
    {
        _lastWrite = time.GetTimestamp();
        if (afterRevision > 0 && epoch == registry.Epoch && registry.TryChangesAfter(afterRevision, 1, out var missed))
        {
            _revision = afterRevision;
            // A watcher that missed nothing is told so.
            if (missed.Count == 0)
                await WriteNoticeAsync();
        }
        else
        {
            await WriteSnapshotAsync(compacted: afterRevision > 0);
        }
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!registry.TryChangesAfter(_revision, ChangesAtOnce, out var changes))
                await WriteSnapshotAsync(compacted: true);
            else if (changes.Count > 0)
                await WriteChangesAsync(changes);
            else
                await WaitAsync();
        }
    }

    private async Task WriteSnapshotAsync(bool compacted)
    {
        var snapshot = registry.Snapshot(filter);
        var page = NewPage();
        var bytes = 0;
        foreach (var instance in snapshot.Instances)
        {
            if (page.Instances.Count == options.SnapshotPage || bytes >= RegistryListing.PageBytes)
            {
                page.More = true;
                await WriteAsync(new WatchResponse { Snapshot = page });
                page = NewPage();
                bytes = 0;
            }
            page.Instances.Add(instance);
            bytes += instance.CalculateSize();
        }
        await WriteAsync(new WatchResponse { Snapshot = page });
        _revision = snapshot.Revision;

        SnapshotPage NewPage() => new() { Revision = snapshot.Revision, Epoch = registry.Epoch, Compacted = compacted };
    }

    private async Task WriteChangesAsync(IReadOnlyList<Change> changes)
    {
        foreach (var change in changes)
        {
            if (filter.Matches(change.Instance))
                await WriteAsync(new WatchResponse { Change = change });
            _revision = change.Revision;
        }
        // Changes that the filter leaves out are no reason to be silent.
        if (time.GetElapsedTime(_lastWrite) >= noticeInterval)
            await WriteNoticeAsync();
    }

    private async Task WaitAsync()
    {
        var silence = noticeInterval - time.GetElapsedTime(_lastWrite);
        if (silence > TimeSpan.Zero)
            await registry.WaitAfter(_revision).WaitAsync(silence, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        else
            await WriteNoticeAsync();
    }

    private Task WriteNoticeAsync() => WriteAsync(new WatchResponse { Progress = new ProgressNotice { Revision = _revision } });

    private async Task WriteAsync(WatchResponse response)
    {
        using var timeout = new CancellationTokenSource(options.WriteTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            // A write that is cancelled resets the stream: what the watcher did not read is freed, and no status reaches it.
            await output.WriteAsync(response, either.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"The watcher read nothing for {options.WriteTimeout}."));
        }
        _lastWrite = time.GetTimestamp();
    }
}
