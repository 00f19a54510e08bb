using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace Pipeline.Tests;

/// <summary>A clock that stands still until somebody waits for it.</summary>
internal sealed class WatchedTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _timers = Channel.CreateUnbounded<TimeSpan>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Writer.TryWrite(dueTime);
        return timer;
    }

    /// <summary>Waits until a timer of this length has been set, and lets it run out.</summary>
    public async Task LetPassAsync(TimeSpan dueTime)
    {
        using var limit = new CancellationTokenSource(Waiting.Limit);
        while (await _timers.Reader.ReadAsync(limit.Token) != dueTime)
        {
            // Another one.
        }

        Advance(dueTime);
    }
}
