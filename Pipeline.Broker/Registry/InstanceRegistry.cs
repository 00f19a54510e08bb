using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Pipeline.Broker.Leases;
using Pipeline.Broker.Watch;
using Pipeline.Contracts.Broker.V1;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Broker.Registry;

/// <summary>
/// Who is registered, and every change of it: each change has the next revision. An instance that is handed out never changes any more.
/// Safe for use by several threads; each call sees the registry without those whose leases have run out by then.
/// </summary>
internal sealed partial class InstanceRegistry(
    IOptions<RegistryOptions> options, IOptions<LeaseOptions> leaseOptions, IOptions<WatchOptions> watchOptions,
    TimeProvider time, ILogger<InstanceRegistry> logger)
{
    private readonly Lock _lock = new();
    private readonly RegistryOptions _options = options.Value;
    private readonly long _timeToLiveMs = (long)leaseOptions.Value.TimeToLive.TotalMilliseconds;
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly LeaseTable _leases = new(leaseOptions.Value.TimeToLive, time);
    private readonly RegistrationThrottle _throttle = new(options.Value.MaxInstances, options.Value.RegistrationsPerSecond, time);
    private readonly DepartedInstances _departed = new(options.Value.MaxDeparted, options.Value.DepartedRetention, time);
    private readonly ChangeHistory _history = new(watchOptions.Value.HistoryChanges, watchOptions.Value.HistoryBytes);
    private long _bytes;

    /// <summary>Another one in each process that ever was the broker.</summary>
    public string Epoch { get; } = RandomNumberGenerator.GetHexString(16, lowercase: true);

    /// <summary>Registers an instance that <see cref="InstanceRules"/> finds right, in the place of one with the same id.</summary>
    /// <exception cref="RegistryFullException">There are too many, or too many came lately.</exception>
    public RegisterResponse Register(Instance instance)
    {
        lock (_lock)
        {
            ExpireDue();
            _entries.TryGetValue(instance.InstanceId, out var former);
            CheckRoom(instance, former);
            if (former is not null)
                Depart(former, InstanceState.Replaced);

            var lease = _leases.Grant(instance.InstanceId);
            var registered = instance.Clone();
            registered.Address = LoopbackAddress.TryParse(instance.Address, out var canonical) ? canonical : instance.Address;
            registered.State = InstanceState.Live;
            registered.TakenOut = false;
            registered.LeaseId = lease.Id;
            registered.RegisteredRevision = _history.Latest + 1;
            registered.RegisteredUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            registered.LeaseRemainingMs = _timeToLiveMs;
            registered.DepartedUnixMs = 0;
            var entry = new Entry(registered, lease);
            _entries.Add(registered.InstanceId, entry);
            _bytes += entry.Bytes;
            Publish(ChangeKind.Registered, registered);
            LogRegistered(logger, registered.InstanceId, registered.Role, registered.Address, _history.Latest);
            return new RegisterResponse { LeaseId = lease.Id, TtlMs = _timeToLiveMs, Revision = _history.Latest, Epoch = Epoch };
        }
    }

    /// <summary>Renews a lease, and marks its instance as draining, and as taken out, where told to.</summary>
    public KeepAliveResponse KeepAlive(long leaseId, bool draining, bool takenOut = false)
    {
        lock (_lock)
        {
            ExpireDue();
            if (_leases.Renew(leaseId) is not { } lease)
                return new KeepAliveResponse { LeaseId = leaseId, Replaced = IsReplaced(leaseId) };
            var entry = _entries[lease.InstanceId];
            if (((draining || takenOut) && entry.Instance.State == InstanceState.Live) || (takenOut && !entry.Instance.TakenOut))
            {
                var changed = Current(entry);
                changed.State = InstanceState.Draining;
                changed.TakenOut |= takenOut;
                entry.Instance = changed;
                Publish(ChangeKind.Draining, changed);
                LogDraining(logger, changed.InstanceId, _history.Latest);
            }
            return new KeepAliveResponse { LeaseId = leaseId, Known = true, TtlMs = _timeToLiveMs };
        }
    }

    /// <summary>Takes an instance out; false where it is not registered, or under another lease than this one (0 = whichever).</summary>
    public bool TryUnregister(string instanceId, long leaseId, out long revision)
    {
        lock (_lock)
        {
            ExpireDue();
            revision = _history.Latest;
            if (!_entries.TryGetValue(instanceId, out var entry) || (leaseId != 0 && leaseId != entry.Lease.Id))
                return false;
            Depart(entry, InstanceState.Unregistered);
            revision = _history.Latest;
            return true;
        }
    }

    /// <summary>Live and draining instances by id, at one revision.</summary>
    public RegistrySnapshot Snapshot(InstanceFilter filter)
    {
        lock (_lock)
        {
            ExpireDue();
            return new RegistrySnapshot(
                _history.Latest, [.. _entries.Values.Where(entry => filter.Matches(entry.Instance)).Select(Current)]);
        }
    }

    /// <summary>Instances that departed lately, the longest departed first.</summary>
    public IReadOnlyList<Instance> Departed(InstanceFilter filter)
    {
        lock (_lock)
            return [.. _departed.All().Where(filter.Matches)];
    }

    /// <summary>Changes after a revision, in order; false where it is unknown or too old.</summary>
    public bool TryChangesAfter(long revision, int limit, [NotNullWhen(true)] out IReadOnlyList<Change>? changes)
    {
        lock (_lock)
            return (changes = _history.After(revision, limit)) is not null;
    }

    /// <summary>Completes when there is a change after this revision.</summary>
    public Task WaitAfter(long revision)
    {
        lock (_lock)
            return _history.WaitAfter(revision);
    }

    /// <summary>Takes out those whose leases have run out.</summary>
    public void Sweep()
    {
        lock (_lock)
            ExpireDue();
    }

    private void ExpireDue()
    {
        while (_leases.TakeExpired() is { } lease)
            Depart(_entries[lease.InstanceId], InstanceState.Expired);
    }

    // An expired lease counts, too: who was stopped while another process took its id must not take it back.
    // Two processes cannot listen at one address: at the same one it is the same process, whose former registration was answered too late.
    private bool IsReplaced(long leaseId) =>
        _departed.All().FirstOrDefault(instance => instance.LeaseId == leaseId) is { State: InstanceState.Replaced or InstanceState.Expired } former
        && _entries.TryGetValue(former.InstanceId, out var successor)
        && successor.Instance.Address != former.Address;

    private void CheckRoom(Instance instance, Entry? former)
    {
        if (former is null && _entries.Count >= _options.MaxInstances)
            throw new RegistryFullException($"The registry is full: {_options.MaxInstances} instances.");
        if (_bytes - (former?.Bytes ?? 0) + instance.CalculateSize() > _options.MaxBytes)
            throw new RegistryFullException($"The registry is full: {_options.MaxBytes} bytes.");
        if (!_throttle.TryTake())
            throw new RegistryFullException($"Too many registrations: {_options.RegistrationsPerSecond} per second.");
    }

    private void Depart(Entry entry, InstanceState why)
    {
        _leases.Revoke(entry.Lease.Id);
        _entries.Remove(entry.Instance.InstanceId);
        _bytes -= entry.Bytes;
        var departed = entry.Instance.Clone();
        departed.State = why;
        departed.LeaseRemainingMs = 0;
        departed.DepartedUnixMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        Publish(ChangeKind.Departed, departed);
        _departed.Add(departed);
        LogDeparted(logger, departed.InstanceId, why, _history.Latest);
    }

    private void Publish(ChangeKind kind, Instance instance) =>
        _history.Append(new Change { Kind = kind, Instance = instance, Revision = _history.Latest + 1 });

    private Instance Current(Entry entry)
    {
        var instance = entry.Instance.Clone();
        instance.LeaseRemainingMs = (long)_leases.Remaining(entry.Lease).TotalMilliseconds;
        return instance;
    }

    private sealed class Entry(Instance instance, Lease lease)
    {
        public Instance Instance { get; set; } = instance;

        public Lease Lease { get; } = lease;

        public int Bytes { get; } = instance.CalculateSize();
    }
}
