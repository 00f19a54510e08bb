using System.Runtime.CompilerServices;
using Pipeline.Stages.Core.Timing;

namespace Pipeline.Tests.Stages.Core.Timing;

public sealed class HighResolutionTimeProviderTests
{
    private static readonly HighResolutionTimeProvider Time = HighResolutionTimeProvider.Shared;

    [Fact]
    public async Task CreateTimer_SeveralTimers_FireInOrderAndNeverEarly()
    {
        var began = Time.GetTimestamp();
        var order = new List<int>();
        var delays = new[] { 500, 20, 40, 0 }.Select(async millis =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(millis), Time);
            Assert.InRange(Time.GetElapsedTime(began).TotalMilliseconds, millis, Waiting.Limit.TotalMilliseconds);
            lock (order)
            {
                order.Add(millis);
            }
        });

        await Task.WhenAll(delays).WaitAsync(Waiting.Limit);

        Assert.Equal(4, order.Count);
        Assert.True(order.IndexOf(20) < order.IndexOf(500));
    }

    [Fact]
    public async Task CreateTimer_LaterTimerPending_EarlierOneFires()
    {
        using var late = Time.CreateTimer(_ => { }, null, TimeSpan.FromHours(1), TimeSpan.Zero);
        await Task.Delay(TimeSpan.FromMilliseconds(1), Time).WaitAsync(Waiting.Limit);
    }

    [Fact]
    public async Task CreateTimer_WithPeriod_FiresRepeatedlyUntilDisposed()
    {
        var fired = new SemaphoreSlim(0);
        var timer = Time.CreateTimer(state => ((SemaphoreSlim)state!).Release(), fired, TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 5; i++)
            Assert.True(await fired.WaitAsync(Waiting.Limit));

        await timer.DisposeAsync();
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public async Task Change_BeforeDueTime_ReplacedDueTimeDoesNotFire()
    {
        var count = 0;
        var fired = new SemaphoreSlim(0);
        using var timer = Time.CreateTimer(
            _ =>
            {
                Interlocked.Increment(ref count);
                fired.Release();
            },
            null,
            TimeSpan.FromMilliseconds(30),
            Timeout.InfiniteTimeSpan);

        Assert.True(timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        // This delay ends later than the replaced due time.
        await Task.Delay(TimeSpan.FromMilliseconds(60), Time).WaitAsync(Waiting.Limit);
        Assert.Equal(0, count);

        Assert.True(timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan));
        Assert.True(await fired.WaitAsync(Waiting.Limit));
        Assert.Equal(1, count);
    }

    [Fact]
    public async Task CreateTimer_AsyncLocalSet_CallbackSeesItsValue()
    {
        var local = new AsyncLocal<string> { Value = "mine" };
        var seen = new TaskCompletionSource<string?>();
        using var timer = Time.CreateTimer(_ => seen.SetResult(local.Value), null, TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        Assert.Equal("mine", await seen.Task.WaitAsync(Waiting.Limit));
    }

    [Fact]
    public void CreateTimer_NegativeDueTime_Throws() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Time.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(-2), TimeSpan.Zero));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void CreateTimer_DisposedOrSetAnewBeforeItIsDue_IsNotKeptUntilThen(bool setAnew)
    {
        var states = Abandon(setAnew);

        GC.Collect();

        // The thread that waits may still hold the last one that it looked at.
        Assert.InRange(states.Count(state => state.IsAlive), 0, 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static List<WeakReference> Abandon(bool setAnew) =>
    [
        .. Enumerable.Range(0, 100).Select(_ =>
        {
            var state = new object();
            var timer = Time.CreateTimer(_ => { }, state, TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
            if (setAnew)
                timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            else
                timer.Dispose();

            return new WeakReference(state);
        }),
    ];
}
