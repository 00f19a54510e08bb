using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Broker.Leases;

namespace Pipeline.Tests.Broker.Leases;

public sealed class LeaseTableTests
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(5);
    private readonly FakeTimeProvider _time = new();
    private readonly LeaseTable _table;

    public LeaseTableTests() => _table = new LeaseTable(TimeToLive, _time);

    [Fact]
    public void TakeExpired_TimeToLivePasses_GivesTheLeaseThenAndNotBefore()
    {
        var lease = _table.Grant("a");

        Pass(TimeToLive - TimeSpan.FromMilliseconds(1));
        Assert.Null(_table.TakeExpired());
        Assert.Equal(TimeSpan.FromMilliseconds(1), _table.Remaining(lease));

        Pass(TimeSpan.FromMilliseconds(1));
        Assert.Equal(lease, _table.TakeExpired());
        Assert.Null(_table.TakeExpired());
        Assert.Null(_table.Renew(lease.Id));
    }

    [Fact]
    public void Renew_BeforeExpiry_ExtendsFromTheTimeOfTheRenewal()
    {
        var (first, second) = (_table.Grant("a"), _table.Grant("b"));
        Pass(TimeSpan.FromSeconds(4));
        _table.Renew(first.Id);
        Pass(TimeSpan.FromSeconds(2));

        Assert.Equal(second, _table.TakeExpired());
        Assert.Null(_table.TakeExpired());
        Assert.Equal(TimeSpan.FromSeconds(3), _table.Remaining(first));
    }

    [Fact]
    public void Renew_RevokedLease_IsUnknown()
    {
        var lease = _table.Grant("a");
        _table.Revoke(lease.Id);

        Assert.Null(_table.Renew(lease.Id));
        Assert.Equal(0, _table.Count);
    }

    [Theory]
    [InlineData(365)]
    [InlineData(-365)]
    public void TakeExpired_WallClockJumps_NoLeaseExpires(int days)
    {
        var clock = new WallClock(_time);
        var table = new LeaseTable(TimeToLive, clock);
        var lease = table.Grant("a");

        clock.Jump(TimeSpan.FromDays(days));

        Assert.Null(table.TakeExpired());
        Assert.Equal(TimeToLive, table.Remaining(lease));
    }

    [Fact]
    public void TakeExpired_ProcessWasSuspended_TheGapIsNotCounted()
    {
        var lease = _table.Grant("a");
        Pass(TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromHours(1));

        Assert.Null(_table.TakeExpired());
        Assert.Equal(TimeSpan.FromSeconds(3), _table.Remaining(lease));
        Pass(TimeSpan.FromSeconds(3));
        Assert.Equal(lease, _table.TakeExpired());
    }

    [Fact]
    public void Grant_ManyTables_LeaseIdsStartAtDifferentNumbers()
    {
        var ids = Enumerable.Range(0, 100).Select(_ => new LeaseTable(TimeToLive, _time).Grant("a").Id).ToList();

        Assert.All(ids, id => Assert.True(id > 0));
        Assert.True(ids.Distinct().Count() >= 99, "lease ids begin at the same number in each broker");
    }

    [Fact]
    public void LeaseTable_RandomOperations_AgreesWithANaiveTable() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9], Gen.Int[1, 2000]).Array[0, 200].Sample(operations =>
        {
            var time = new FakeTimeProvider();
            var table = new LeaseTable(TimeToLive, time);
            var ids = new List<long>();
            var deadlines = new Dictionary<long, TimeSpan>();
            var now = TimeSpan.Zero;
            foreach (var (operation, which, milliseconds) in operations)
            {
                var id = ids.Count == 0 ? -1 : ids[which % ids.Count];
                switch (operation)
                {
                    case 0:
                        ids.Add(table.Grant("x").Id);
                        deadlines[ids[^1]] = now + TimeToLive;
                        break;
                    case 1:
                        Assert.Equal(deadlines.ContainsKey(id), table.Renew(id) is not null);
                        if (deadlines.ContainsKey(id))
                            deadlines[id] = now + TimeToLive;
                        break;
                    case 2:
                        table.Revoke(id);
                        deadlines.Remove(id);
                        break;
                    default:
                        time.Advance(TimeSpan.FromMilliseconds(milliseconds));
                        now += TimeSpan.FromMilliseconds(milliseconds);
                        var due = deadlines.Where(lease => lease.Value <= now).Select(lease => lease.Key).Order().ToList();
                        var expired = new List<long>();
                        while (table.TakeExpired() is { } lease)
                            expired.Add(lease.Id);
                        Assert.Equal(due, expired.Order());
                        due.ForEach(id => deadlines.Remove(id));
                        break;
                }
                Assert.Equal(deadlines.Count, table.Count);
            }
        });

    private void Pass(TimeSpan span)
    {
        var step = TimeSpan.FromMilliseconds(250);
        for (var passed = TimeSpan.Zero; passed < span; passed += step)
        {
            _time.Advance(span - passed < step ? span - passed : step);
            // Someone looks at the table again and again, as the sweeper does.
            _table.Renew(-1);
            _table.Remaining(new Lease(0, ""));
        }
    }
}
