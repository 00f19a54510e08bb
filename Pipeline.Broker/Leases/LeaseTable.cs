using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;

namespace Pipeline.Broker.Leases;

/// <summary>The leases, in the order in which they run out. Not safe for use by several threads.</summary>
/// <remarks>
/// Its clock is monotonic, so that setting the machine's time expires no lease, and it stands still while this process did not
/// run: renewals that waited at a stopped or starved broker are not held against their senders. All leases live equally
/// long; so the lease renewed last expires last, and a list is order enough.
/// </remarks>
internal sealed class LeaseTable(TimeSpan timeToLive, TimeProvider time)
{
    private readonly LinkedList<Lease> _byDeadline = new();
    private readonly Dictionary<long, LinkedListNode<Lease>> _byId = [];
    private long _lastTimestamp = time.GetTimestamp();
    private TimeSpan _now;

    // Begins anywhere, so that a lease from before a restart of the broker is not by chance one of after it.
    private long _lastId = (long)RandomNumberGenerator.GetInt32(1, int.MaxValue) << 31;

    /// <summary>Leases that have not run out.</summary>
    public int Count => _byId.Count;

    /// <summary>A new lease.</summary>
    public Lease Grant(string instanceId)
    {
        var lease = new Lease(++_lastId, instanceId) { Deadline = Now() + timeToLive };
        _byId.Add(lease.Id, _byDeadline.AddLast(lease));
        return lease;
    }

    /// <summary>Lets a lease live its whole time from now on; null where there is none of that id.</summary>
    public Lease? Renew(long id)
    {
        if (!_byId.TryGetValue(id, out var node))
            return null;
        node.Value.Deadline = Now() + timeToLive;
        _byDeadline.Remove(node);
        _byDeadline.AddLast(node);
        return node.Value;
    }

    /// <summary>Ends a lease before its time.</summary>
    public void Revoke(long id)
    {
        if (_byId.Remove(id, out var node))
            _byDeadline.Remove(node);
    }

    /// <summary>How long a lease still lives, from 0.</summary>
    public TimeSpan Remaining(Lease lease) =>
        lease.Deadline - Now() is { Ticks: > 0 } remaining ? remaining : TimeSpan.Zero;

    /// <summary>Takes out one lease that has run out; null where there is none. To be called more often than the clock's pauses are long.</summary>
    public Lease? TakeExpired()
    {
        if (_byDeadline.First is not { } first || first.Value.Deadline > Now())
            return null;
        Revoke(first.Value.Id);
        return first.Value;
    }

    private TimeSpan Now()
    {
        var timestamp = time.GetTimestamp();
        var step = time.GetElapsedTime(_lastTimestamp, timestamp);
        _lastTimestamp = timestamp;
        // Leases are swept many times in their life (LeaseOptions.SweepInterval): when no sweep came for half of it, this process did not run.
        if (step < timeToLive / 2)
            _now += step;
        return _now;
    }
}

/// <summary>The right of one registration to be in the registry until its deadline.</summary>
/// <param name="Id">Positive; never given twice.</param>
/// <param name="InstanceId">Whose it is.</param>
internal sealed record Lease(long Id, string InstanceId)
{
    /// <summary>When it runs out, on the clock of <see cref="LeaseTable"/>.</summary>
    public TimeSpan Deadline { get; set; }
}

/// <summary>How long an instance lives without a renewal; section "Leases".</summary>
public sealed class LeaseOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Leases";

    // Watchers do not know the time to live: by default they take a broker for dead after 8 s of silence, in which three notices come.
    private static readonly TimeSpan MaxNoticeInterval = TimeSpan.FromSeconds(2.5);

    /// <summary>Time to live of a lease: 200 ms to 10 min. Clients renew about every third of it.</summary>
    /// <value>Default 5 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.200", "00:10:00")]
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest silence of a watch.</summary>
    /// <value>Half a time to live, so that the contract's one notice in it is kept however late the machine is; at most 2.5 s.</value>
    internal TimeSpan NoticeInterval => TimeToLive / 2 < MaxNoticeInterval ? TimeToLive / 2 : MaxNoticeInterval;

    /// <summary>How often leases are looked through: a departure is seen this much later at most.</summary>
    internal TimeSpan SweepInterval => TimeToLive / 50;
}
