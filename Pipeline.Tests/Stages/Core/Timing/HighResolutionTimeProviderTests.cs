using System.Runtime.CompilerServices;
using Pipeline.Stages.Core.Timing;

namespace Pipeline.Tests.Stages.Core.Timing;

public sealed class HighResolutionTimeProviderTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private static readonly HighResolutionTimeProvider Time = HighResolutionTimeProvider.Shared;

    [Fact]
    public async Task CreateTimer_SeveralTimers_FireInOrderAndNeverEarly()
    {
        var began = Time.GetTimestamp();
        var order = new List<int>();
        var delays = new[] { 500, 20, 40, 0 }.Select(async millis =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(millis), Time);
            Assert.InRange(Time.GetElapsedTime(began).TotalMilliseconds, millis, Timeout.TotalMilliseconds);
            lock (order)
            {
                order.Add(millis);
            }
        });

        await Task.WhenAll(delays).WaitAsync(Timeout);

        Assert.Equal(4, order.Count);
        Assert.True(order.IndexOf(20) < order.IndexOf(500));
    }

    [Fact]
    public async Task CreateTimer_LaterTimerPending_EarlierOneFires()
    {
        using var late = Time.CreateTimer(_ => { }, null, TimeSpan.FromHours(1), TimeSpan.Zero);
        await Task.Delay(TimeSpan.FromMilliseconds(1), Time).WaitAsync(Timeout);
    }

    [Fact]
    public async Task CreateTimer_WithPeriod_FiresRepeatedlyUntilDisposed()
    {
        var fired = new SemaphoreSlim(0);
        var timer = Time.CreateTimer(state => ((SemaphoreSlim)state!).Release(), fired, TimeSpan.Zero, TimeSpan.FromMilliseconds(1));
        for (var i = 0; i < 5; i++)
            Assert.True(await fired.WaitAsync(Timeout));

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
            System.Threading.Timeout.InfiniteTimeSpan);

        Assert.True(timer.Change(System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan));
        // This delay ends later than the replaced due time.
        await Task.Delay(TimeSpan.FromMilliseconds(60), Time).WaitAsync(Timeout);
        Assert.Equal(0, count);

        Assert.True(timer.Change(TimeSpan.Zero, System.Threading.Timeout.InfiniteTimeSpan));
        Assert.True(await fired.WaitAsync(Timeout));
        Assert.Equal(1, count);
    }

    [Fact]
    public async Task CreateTimer_AsyncLocalSet_CallbackSeesItsValue()
    {
        var local = new AsyncLocal<string> { Value = "mine" };
        var seen = new TaskCompletionSource<string?>();
        using var timer = Time.CreateTimer(_ => seen.SetResult(local.Value), null, TimeSpan.FromMilliseconds(1), System.Threading.Timeout.InfiniteTimeSpan);
        Assert.Equal("mine", await seen.Task.WaitAsync(Timeout));
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
            var timer = Time.CreateTimer(_ => { }, state, TimeSpan.FromHours(1), System.Threading.Timeout.InfiniteTimeSpan);
            if (setAnew)
                timer.Change(System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan);
            else
                timer.Dispose();

            return new WeakReference(state);
        }),
    ];
}
