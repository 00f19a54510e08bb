using System.Net;
using Pipeline.AppHost.Supervision;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class LivenessProbeTests
{
    /// <summary>A real timer may ring up to a millisecond before the clock says that its time has come.</summary>
    [Fact]
    public async Task A_timer_that_rings_early_does_not_cost_another_interval()
    {
        var options = new LivenessOptions();
        // The first answer comes at once: what would end the wait for it stands still.
        var time = new JumpingTime(early: TimeSpan.FromMilliseconds(0.5), longest: options.Silence);
        var answers = new FirstAnswerOnly(time);
        using var client = new HttpClient(answers) { Timeout = Timeout.InfiniteTimeSpan };

        await new LivenessProbe(client, options, time).UntilHungAsync(new Uri("http://127.0.0.1"), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.InRange(time.GetElapsedTime(answers.Answered), options.Silence, options.Interval + options.Silence + TimeSpan.FromMilliseconds(510));
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
