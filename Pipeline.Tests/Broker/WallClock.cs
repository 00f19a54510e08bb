using Microsoft.Extensions.Time.Testing;

namespace Pipeline.Tests.Broker;

/// <summary>A clock whose wall time can be set without its monotonic time taking notice, as on a real machine.</summary>
internal sealed class WallClock(FakeTimeProvider monotonic) : TimeProvider
{
    private TimeSpan _offset;

    public override long TimestampFrequency => monotonic.TimestampFrequency;

    public void Jump(TimeSpan span) => _offset += span;

    public override DateTimeOffset GetUtcNow() => monotonic.GetUtcNow() + _offset;

    public override long GetTimestamp() => monotonic.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        monotonic.CreateTimer(callback, state, dueTime, period);
}
