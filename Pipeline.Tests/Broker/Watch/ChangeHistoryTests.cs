using CsCheck;
using Pipeline.Broker.Watch;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Tests.Broker.Watch;

public sealed class ChangeHistoryTests
{
    [Fact]
    public void After_AnyCapacityAndRevision_GivesTheKeptChangesInOrder() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[0, 60], Gen.Int[-2, 62], Gen.Int[1, 30]).Sample((capacity, appended, after, limit) =>
        {
            var history = new ChangeHistory(capacity, int.MaxValue);
            for (var i = 1; i <= appended; i++)
                history.Append(NewChange(i));

            var changes = history.After(after, limit);

            if (after > appended || after < Math.Max(0, appended - capacity))
                Assert.Null(changes);
            else
                Assert.Equal(Enumerable.Range(after + 1, Math.Min(limit, appended - after)).Select(i => (long)i), changes!.Select(change => change.Revision));
        });

    [Fact]
    public void Append_LargeChanges_FewerAreKept()
    {
        var history = new ChangeHistory(1000, 10_000);
        for (var i = 1; i <= 100; i++)
            history.Append(NewChange(i, new string('x', 900)));

        Assert.Null(history.After(80, 100));
        Assert.Equal(10, history.After(90, 100)!.Count);
    }

    [Fact]
    public void After_ChangeLargerThanTheHistory_IsReadableAsTheLatestOnly()
    {
        var history = new ChangeHistory(10, 100);
        history.Append(NewChange(1));
        history.Append(NewChange(2, new string('x', 900)));

        Assert.Null(history.After(0, 10));
        Assert.Equal(2, Assert.Single(history.After(1, 10)!).Revision);
    }

    [Fact]
    public void WaitAfter_NextChange_CompletesTheWait()
    {
        var history = new ChangeHistory(10, 1000);
        history.Append(NewChange(1));

        var known = history.WaitAfter(0);
        var next = history.WaitAfter(1);

        Assert.True(known.IsCompleted);
        Assert.False(next.IsCompleted);
        history.Append(NewChange(2));
        Assert.True(next.IsCompleted);
    }

    [Fact]
    public void Append_GapInRevisions_Throws() => Assert.Throws<ArgumentException>(() => new ChangeHistory(10, 1000).Append(NewChange(2)));

    private static Change NewChange(long revision, string version = "") =>
        new() { Kind = ChangeKind.Registered, Revision = revision, Instance = new Instance { InstanceId = "a", Version = version } };
}
