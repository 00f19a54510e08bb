using System.Net;
using Pipeline.AppHost.Supervision;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class LivenessProbeTests
{
    /// <summary>A real timer may ring up to a millisecond before the clock says that its time has come.</summary>
    [Fact]
    public async Task A_timer_that_rings_early_does_not_cost_another_interval()
    {
        var time = new EarlyTimers();
        var answers = new FirstAnswerOnly(time);
        var options = new LivenessOptions();
        using var client = new HttpClient(answers) { Timeout = Timeout.InfiniteTimeSpan };

        await new LivenessProbe(client, options, time).UntilHungAsync(new Uri("http://127.0.0.1"), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.InRange(time.GetElapsedTime(answers.Answered), options.Silence, options.Interval + options.Silence + TimeSpan.FromMilliseconds(510));
    }

    /// <summary>A clock that jumps, as soon as a wait is begun, to almost its end. Not for the first answer, which comes at once.</summary>
    private sealed class EarlyTimers : TimeProvider
    {
        private static readonly TimeSpan Early = TimeSpan.FromMilliseconds(0.5);
        private long _ticks = 1;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == Timeout.InfiniteTimeSpan || dueTime >= new LivenessOptions().Startup)
                return new FiredTimer();
            // Not even early is a wait over before it began.
            Interlocked.Add(ref _ticks, (dueTime > Early ? dueTime - Early : dueTime).Ticks);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
            return new FiredTimer();
        }

        private sealed class FiredTimer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    private sealed class FirstAnswerOnly(TimeProvider time) : HttpMessageHandler
    {
        public long Answered { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Answered != 0)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            Answered = time.GetTimestamp();
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
