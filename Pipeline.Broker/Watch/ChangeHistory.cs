using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Watch;

/// <summary>The latest changes, by revision without a gap; bounded in number and bytes. Not safe for use by several threads.</summary>
/// <remarks>
/// Watchers have no queues of their own: each reads on from here at its own pace. So one that does not read costs nothing, and
/// one that falls behind what is kept finds that out when it reads again.
/// </remarks>
internal sealed class ChangeHistory(int maxChanges, int maxBytes)
{
    // A ring: the change of revision r stands at r % length.
    private readonly (Change? Change, int Bytes)[] _ring = new (Change?, int)[maxChanges];
    private TaskCompletionSource _added = NewSignal();
    private int _count;
    private long _bytes;

    /// <summary>Revision of the latest change; 0 before the first.</summary>
    public long Latest { get; private set; }

    /// <summary>Appends the next change; its revision is <see cref="Latest"/> + 1.</summary>
    public void Append(Change change)
    {
        if (change.Revision != Latest + 1)
            throw new ArgumentException($"Revision {change.Revision} does not follow {Latest}.", nameof(change));
        var bytes = change.CalculateSize();
        while (_count > 0 && (_count == maxChanges || _bytes + bytes > maxBytes))
            DropOldest();
        Latest = change.Revision;
        _ring[Latest % maxChanges] = (change, bytes);
        _count++;
        _bytes += bytes;
        var added = _added;
        _added = NewSignal();
        added.SetResult();
    }

    /// <summary>The changes after a revision, in order; null where some of them are no longer kept, or it has not been reached yet.</summary>
    public IReadOnlyList<Change>? After(long revision, int limit)
    {
        if (revision > Latest || revision < Latest - _count)
            return null;
        var changes = new Change[Math.Min(limit, Latest - revision)];
        for (var i = 0; i < changes.Length; i++)
            changes[i] = _ring[(revision + 1 + i) % maxChanges].Change!;
        return changes;
    }

    /// <summary>Completes when there is a change after this revision.</summary>
    public Task WaitAfter(long revision) => Latest > revision ? Task.CompletedTask : _added.Task;

    private void DropOldest()
    {
        ref var oldest = ref _ring[(Latest - _count + 1) % maxChanges];
        _bytes -= oldest.Bytes;
        oldest = default;
        _count--;
    }

    // Watchers go on elsewhere, and not inside the lock under which the change is made.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
