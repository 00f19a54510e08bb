using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Broker.Leases;
using Pipeline.Broker.Registry;
using Pipeline.Broker.Watch;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Tests.Broker.Registry;

public sealed class InstanceRegistryTests
{
    private static readonly InstanceFilter Any = new("", "");
    private readonly FakeTimeProvider _time = new();
    private readonly InstanceRegistry _registry;

    public InstanceRegistryTests() => _registry = NewRegistry(_time);

    [Fact]
    public void TryChangesAfter_SeveralChanges_EachHasTheNextRevision()
    {
        var first = _registry.Register(BrokerFixture.NewInstance("a"));
        var second = _registry.Register(BrokerFixture.NewInstance("b"));
        _registry.KeepAlive(first.LeaseId, draining: true);
        _registry.TryUnregister("a", first.LeaseId, out var last);

        Assert.Equal([1, 2, 4], [first.Revision, second.Revision, last]);
        Assert.True(_registry.TryChangesAfter(0, 100, out var changes));
        Assert.Equal(
            [ChangeKind.Registered, ChangeKind.Registered, ChangeKind.Draining, ChangeKind.Departed], changes.Select(change => change.Kind));
        Assert.Equal([1L, 2, 3, 4], changes.Select(change => change.Revision));
        Assert.Equal(InstanceState.Unregistered, changes[3].Instance.State);
    }

    [Fact]
    public void Register_SameIdAgain_ReplacesTheInstanceAndVoidsItsLease()
    {
        var former = _registry.Register(BrokerFixture.NewInstance("a", address: "http://127.0.0.1:1"));
        var latter = _registry.Register(BrokerFixture.NewInstance("a", address: "http://127.0.0.1:2"));

        Assert.False(_registry.KeepAlive(former.LeaseId, draining: false).Known);
        Assert.True(_registry.KeepAlive(latter.LeaseId, draining: false).Known);
        Assert.Equal("http://127.0.0.1:2", Assert.Single(_registry.Snapshot(Any).Instances).Address);
        Assert.Equal(InstanceState.Replaced, Assert.Single(_registry.Departed(Any)).State);
        Assert.True(_registry.TryChangesAfter(1, 100, out var changes));
        Assert.Equal([ChangeKind.Departed, ChangeKind.Registered], changes.Select(change => change.Kind));
    }

    [Fact]
    public void KeepAlive_AnotherProcessHasTheId_IsToldThatItIsReplaced()
    {
        var former = _registry.Register(BrokerFixture.NewInstance("a", address: "http://127.0.0.1:1"));
        var latter = _registry.Register(BrokerFixture.NewInstance("a", address: "http://127.0.0.1:2"));

        Assert.Equal((false, true), Told(former));
        Assert.Equal((true, false), Told(latter));
        _registry.TryUnregister("a", latter.LeaseId, out _);
        Assert.Equal((false, false), Told(former));

        (bool, bool) Told(RegisterResponse registration)
        {
            var answer = _registry.KeepAlive(registration.LeaseId, draining: false);
            return (answer.Known, answer.Replaced);
        }
    }

    [Fact]
    public void KeepAlive_ExpiredWhileAnotherProcessTookTheId_IsToldThatItIsReplaced()
    {
        var former = _registry.Register(BrokerFixture.NewInstance("a", address: "http://127.0.0.1:1"));
        PassSwept(_registry, TimeSpan.FromSeconds(10));
        Assert.Equal(InstanceState.Expired, Assert.Single(_registry.Departed(Any)).State);
        Assert.False(_registry.KeepAlive(former.LeaseId, draining: false).Replaced);

        _registry.Register(BrokerFixture.NewInstance("a", address: "http://127.0.0.1:2"));

        Assert.True(_registry.KeepAlive(former.LeaseId, draining: false).Replaced);
    }

    [Fact]
    public void KeepAlive_SameProcessRegisteredAgain_IsNotToldThatItIsReplaced()
    {
        var former = _registry.Register(BrokerFixture.NewInstance("a"));
        _registry.Register(BrokerFixture.NewInstance("a"));

        Assert.False(_registry.KeepAlive(former.LeaseId, draining: false).Replaced);
    }

    [Theory]
    [InlineData("http://localhost:41234", "http://127.0.0.1:41234")]
    [InlineData("http://127.0.0.1:80/", "http://127.0.0.1:80")]
    [InlineData("http://[::1]:41234", "http://[::1]:41234")]
    public void Register_AddressInAnotherForm_WatchersSeeTheCanonicalOne(string address, string canonical)
    {
        _registry.Register(BrokerFixture.NewInstance("a", address: address));

        Assert.Equal(canonical, Assert.Single(_registry.Snapshot(Any).Instances).Address);
        Assert.True(_registry.TryChangesAfter(0, 1, out var changes));
        Assert.Equal(canonical, Assert.Single(changes).Instance.Address);
    }

    [Fact]
    public void Register_SecondInstanceOfARole_BothAreLive()
    {
        _registry.Register(BrokerFixture.NewInstance("a"));
        _registry.Register(BrokerFixture.NewInstance("b"));

        Assert.Equal(2, _registry.Snapshot(new InstanceFilter("pipeline.v1.Stage", "parse")).Instances.Count);
    }

    [Fact]
    public void KeepAlive_DrainingSeveralTimes_IsOneChangeAndStays()
    {
        var lease = _registry.Register(BrokerFixture.NewInstance("a")).LeaseId;
        _registry.KeepAlive(lease, draining: true);
        _registry.KeepAlive(lease, draining: true);
        _registry.KeepAlive(lease, draining: false);

        Assert.Equal(2, _registry.Snapshot(Any).Revision);
        Assert.Equal(InstanceState.Draining, Assert.Single(_registry.Snapshot(Any).Instances).State);
    }

    [Fact]
    public void KeepAlive_TakenOutWhileItDrains_IsAChangeOnceAndStaysUntilItRegistersAnew()
    {
        var lease = _registry.Register(BrokerFixture.NewInstance("a")).LeaseId;
        _registry.KeepAlive(lease, draining: true);
        _registry.KeepAlive(lease, draining: false, takenOut: true);
        _registry.KeepAlive(lease, draining: true, takenOut: true);
        _registry.KeepAlive(lease, draining: true);

        var takenOut = Assert.Single(_registry.Snapshot(Any).Instances);
        Assert.Equal((3, InstanceState.Draining, true), (_registry.Snapshot(Any).Revision, takenOut.State, takenOut.TakenOut));
        _registry.Register(takenOut);
        Assert.False(Assert.Single(_registry.Snapshot(Any).Instances).TakenOut);
    }

    [Fact]
    public void Snapshot_InstanceChangesLater_HandedOutCopyStaysTheSame()
    {
        var given = BrokerFixture.NewInstance("a");
        var lease = _registry.Register(given).LeaseId;
        var before = Assert.Single(_registry.Snapshot(Any).Instances);
        given.Address = "http://127.0.0.1:9";
        _registry.KeepAlive(lease, draining: true);

        Assert.Equal(InstanceState.Live, before.State);
        Assert.NotEqual(given.Address, Assert.Single(_registry.Snapshot(Any).Instances).Address);
    }

    [Fact]
    public void Register_CallerSetsFieldsOfTheBroker_TheyAreIgnored()
    {
        var instance = BrokerFixture.NewInstance("a");
        instance.State = InstanceState.Expired;
        instance.LeaseId = 7;
        instance.DepartedUnixMs = 7;
        _registry.Register(instance);

        var registered = Assert.Single(_registry.Snapshot(Any).Instances);
        Assert.Equal(InstanceState.Live, registered.State);
        Assert.NotEqual(7, registered.LeaseId);
        Assert.Equal(0, registered.DepartedUnixMs);
        Assert.Equal(_time.GetUtcNow().ToUnixTimeMilliseconds(), registered.RegisteredUnixMs);
    }

    [Fact]
    public void Sweep_LeaseExpired_InstanceIsListedAsDepartedOnly()
    {
        _registry.Register(BrokerFixture.NewInstance("a"));
        PassSwept(_registry, TimeSpan.FromSeconds(5));

        Assert.Empty(_registry.Snapshot(Any).Instances);
        Assert.False(_registry.TryUnregister("a", 0, out _));
        Assert.Equal(InstanceState.Expired, Assert.Single(_registry.Departed(Any)).State);
    }

    [Fact]
    public void Register_RegistryFull_TakesReplacementsOnly()
    {
        var registry = NewRegistry(_time, new RegistryOptions { MaxInstances = 2 });
        registry.Register(BrokerFixture.NewInstance("a"));
        registry.Register(BrokerFixture.NewInstance("b"));
        PassSwept(registry, TimeSpan.FromSeconds(1));

        Assert.Throws<RegistryFullException>(() => registry.Register(BrokerFixture.NewInstance("c")));
        registry.Register(BrokerFixture.NewInstance("b"));
    }

    [Fact]
    public void Register_TooManyBytesInAll_IsRefusedUntilOneLeaves()
    {
        var registry = NewRegistry(_time, new RegistryOptions { MaxBytes = 64 * 1024 });
        Assert.Throws<RegistryFullException>(() =>
        {
            for (var i = 0; i < 1000; i++)
                registry.Register(Large($"i-{i}"));
        });

        Assert.InRange(registry.Snapshot(Any).Instances.Sum(instance => instance.CalculateSize()), 30 * 1024, 65 * 1024);
        registry.TryUnregister("i-0", 0, out _);
        registry.Register(Large("again"));
    }

    [Fact]
    public void Register_RateLimitExceeded_IsRefusedUntilTimePasses()
    {
        var registry = NewRegistry(_time, new RegistryOptions { MaxInstances = 3, RegistrationsPerSecond = 2 });
        for (var i = 0; i < 3; i++)
            registry.Register(BrokerFixture.NewInstance("a"));

        Assert.Throws<RegistryFullException>(() => registry.Register(BrokerFixture.NewInstance("a")));
        PassSwept(registry, TimeSpan.FromSeconds(0.5));
        registry.Register(BrokerFixture.NewInstance("a"));
        Assert.Throws<RegistryFullException>(() => registry.Register(BrokerFixture.NewInstance("a")));
    }

    [Fact]
    public void Departed_ManyLeft_KeepsTheLastFewForTheRetentionTime()
    {
        var registry = NewRegistry(_time, new RegistryOptions { MaxDeparted = 2, DepartedRetention = TimeSpan.FromMinutes(1) });
        foreach (var id in new[] { "a", "b", "c" })
        {
            registry.Register(BrokerFixture.NewInstance(id));
            registry.TryUnregister(id, 0, out _);
        }

        Assert.Equal(["b", "c"], registry.Departed(Any).Select(instance => instance.InstanceId));
        PassSwept(registry, TimeSpan.FromMinutes(1));
        Assert.Empty(registry.Departed(Any));
    }

    internal static Instance Large(string id)
    {
        var instance = BrokerFixture.NewInstance(id);
        for (var i = 0; i < 4; i++)
            instance.Metadata.Add($"k{i}", new string('v', 1000));
        return instance;
    }

    internal static InstanceRegistry NewRegistry(TimeProvider time, RegistryOptions? options = null, WatchOptions? watch = null) => new(
        Options.Create(options ?? new RegistryOptions()), Options.Create(new LeaseOptions()), Options.Create(watch ?? new WatchOptions()),
        time, NullLogger<InstanceRegistry>.Instance);

    private void PassSwept(InstanceRegistry registry, TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromMilliseconds(250))
        {
            _time.Advance(TimeSpan.FromMilliseconds(250));
            registry.Sweep();
        }
    }
}
