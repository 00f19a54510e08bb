using System.Net;
using Microsoft.Extensions.Time.Testing;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class HangDetectorTests : IDisposable
{
    private static readonly LivenessOptions Options = new();
    private static readonly ProcessIdentity Process = new(12, 34);
    private static readonly Uri Address = new("http://127.0.0.1");

    private readonly JumpingTime _time = new();
    private readonly HttpClient _client;
    private int _answersLeft;
    private long? _unanswered;
    private int _reads;

    public HangDetectorTests() => _client = new HttpClient(new Answering(AnswerAsync)) { Timeout = Timeout.InfiniteTimeSpan };

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task UntilHung_NoAnswerAndNoWork_ReturnsAfterSilenceAndLastQuestion()
    {
        _answersLeft = 1;

        await Detector(_ => default).UntilHungAsync(Process, Address, CancellationToken.None).WaitAsync(Waiting.Limit);

        // An answered question is at most an interval older: 3.5 s after a process is stopped it is found.
        Assert.Equal(Options.Silence + HangDetector.LastQuestion, _time.GetElapsedTime(_unanswered!.Value));
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task UntilHung_NoAnswerButWork_WaitsUntilTheWorkEnds(bool usesCpu, bool waitsForCpu)
    {
        const int busyReads = 1000;
        _answersLeft = 1;

        await Detector(read => new ProcessActivity(
                usesCpu ? Options.Interval * 0.03 * Math.Min(read, busyReads) : default,
                waitsForCpu && read < busyReads))
            .UntilHungAsync(Process, Address, CancellationToken.None).WaitAsync(Waiting.Limit);

        var stillReads = (int)(Options.Silence / Options.Interval);
        Assert.InRange(_reads, busyReads + stillReads, busyReads + stillReads + 1);
    }

    [Fact]
    public async Task UntilHung_NeverAnswered_ReturnsAfterStartup()
    {
        var began = _time.GetTimestamp();

        await Detector(_ => default).UntilHungAsync(Process, Address, CancellationToken.None).WaitAsync(Waiting.Limit);

        Assert.Equal(Options.Startup + HangDetector.LastQuestion, _time.GetElapsedTime(began));
    }

    [Fact]
    public async Task UntilHung_WorkDuringStartup_CountsStartupFromItsEnd()
    {
        const int busyReads = 200;

        await Detector(read => new ProcessActivity(default, read < busyReads))
            .UntilHungAsync(Process, Address, CancellationToken.None).WaitAsync(Waiting.Limit);

        var stillReads = (int)(Options.Startup / Options.Interval);
        Assert.InRange(_reads, busyReads + stillReads, busyReads + stillReads + 1);
    }

    [Fact]
    public async Task UntilHung_LeaseExpiredAndNoWork_ReturnsAfterSilence()
    {
        var child = new ProcessIdentity(56, 78);
        var began = _time.GetTimestamp();

        await new HangDetector(_client, Options, process => Read(process == child), root => root == Process ? child : null, _time)
            .UntilHungAsync(Process, null, CancellationToken.None).WaitAsync(Waiting.Limit);

        Assert.Equal(Options.Interval + Options.Silence, _time.GetElapsedTime(began));
    }

    [Fact]
    public async Task UntilHung_RegisteredAgain_BeginsAnew()
    {
        var asked = 0;

        // The lease is lost for four looks, held for one, and lost again.
        await new HangDetector(_client, Options, _ => default, root => ++asked == 5 ? null : root, _time)
            .UntilHungAsync(Process, null, CancellationToken.None).WaitAsync(Waiting.Limit);

        Assert.Equal(5 + 1 + (int)(Options.Silence / Options.Interval), asked);
    }

    [Fact]
    public async Task UntilHung_AnotherProcessWasJustJudged_IsFoundAfterAnotherSilence()
    {
        const int readInTheSilence = 4;
        _answersLeft = 1;
        HangDetector detector = null!;
        detector = Detector(read =>
        {
            if (read == readInTheSilence)
                Assert.True(detector.Judge());
            return default;
        });

        await detector.UntilHungAsync(Process, Address, CancellationToken.None).WaitAsync(Waiting.Limit);

        Assert.Equal(2 * (Options.Silence + HangDetector.LastQuestion), _time.GetElapsedTime(_unanswered!.Value));
    }

    [Fact]
    public void Judge_TwoAtOnce_OneVerdict()
    {
        var time = new FakeTimeProvider();
        var detector = new HangDetector(_client, Options, _ => default, _ => null, time);

        Assert.True(detector.Judge());
        Assert.False(detector.Judge());
        time.Advance(Options.Silence);
        Assert.True(detector.Judge());
    }

    private HangDetector Detector(Func<int, ProcessActivity> read) => new(_client, Options, _ => read(_reads++), _ => null, _time);

    // A parent that works tells nothing about its child.
    private ProcessActivity Read(bool still) => new(still ? default : TimeSpan.FromSeconds(++_reads), !still);

    // Some questions, and then none.
    private async Task<HttpResponseMessage> AnswerAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_answersLeft-- <= 0)
        {
            _unanswered ??= _time.GetTimestamp();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        return new HttpResponseMessage(HttpStatusCode.OK);
    }
}
