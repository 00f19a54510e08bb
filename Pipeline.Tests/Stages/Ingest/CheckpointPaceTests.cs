using Pipeline.Stages.Ingest.Pacing;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class CheckpointPaceTests
{
    private const long Interval = 1000;

    private readonly CheckpointPace _pace = new(Interval);

    public CheckpointPaceTests() => _pace.Skip(0);

    [Fact]
    public void IsDue_LastCommittedQuickly_AfterTheInterval()
    {
        _pace.Set(1, 5000);
        _pace.Committed(1, 5010);

        Assert.False(_pace.IsDue(5999));
        Assert.True(_pace.IsDue(6000));
    }

    [Fact]
    public void IsDue_LastNotCommitted_NotUntilItIs()
    {
        _pace.Set(1, 5000);
        _pace.Committed(0, 5500);

        Assert.False(_pace.IsDue(6000));
        Assert.Equal(7000, _pace.DueMicros);
        _pace.Committed(1, 6010);
        Assert.False(_pace.IsDue(6999));
    }

    [Fact]
    public void IsDue_CommitTookLong_AfterThreeTimesAsLongAgain()
    {
        _pace.Set(1, 5000);
        _pace.Committed(1, 7000);

        Assert.False(_pace.IsDue(7000));
        Assert.Equal(13_000, _pace.DueMicros);
        Assert.True(_pace.IsDue(13_000));
    }

    [Fact]
    public void IsDue_NoInterval_Never()
    {
        var pace = new CheckpointPace(0);
        pace.Skip(0);

        Assert.False(pace.IsDue(long.MaxValue - 1));
    }
}
