using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.AppHost.Supervision;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class SupervisedInstanceTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly InstanceState Starting = new(InstancePhase.Starting);
    private static readonly InstanceState Stopping = new(InstancePhase.Stopping);
    private static readonly InstanceState Running = new(InstancePhase.Running, Address: new Uri("http://instance"));

    private readonly FakeTimeProvider _time = new();
    private readonly RecordedControl _control = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<string> _givenUp = [];

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    [Fact]
    public async Task Starts_again_after_the_delay_and_not_before()
    {
        var instance = Create();
        instance.Observe(Running);
        instance.Observe(Ended(137));
        Assert.Equal("show ended with exit code 137; restart 1 in 0.2 s", await _control.NextAsync());

        _time.Advance(TimeSpan.FromMilliseconds(199));
        Assert.True(_control.IsIdle);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("start", await _control.NextAsync());

        instance.Observe(Starting);
        await instance.Work.WaitAsync(Patience);
    }

    [Fact]
    public async Task Leaves_what_was_stopped_on_demand()
    {
        var instance = Create();
        instance.Observe(Running);
        instance.Observe(Stopping);
        instance.Observe(Ended(0));

        Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
        await instance.Work.WaitAsync(Patience);
        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task A_start_that_does_not_show_is_asked_for_again()
    {
        var instance = Create();
        instance.Observe(Running);
        instance.Observe(Ended(1));
        await _control.NextAsync();
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal("start", await _control.NextAsync());

        await PassTimeUntilCalledAsync();
        Assert.Equal("show could not be started; restart 2 in 0.4 s", await _control.NextAsync());
        await PassTimeUntilCalledAsync();
        Assert.Equal("start", await _control.NextAsync());
    }

    [Fact]
    public async Task A_start_by_somebody_else_during_the_delay_replaces_its_own()
    {
        var instance = Create();
        instance.Observe(Running);
        instance.Observe(Ended(1));
        await _control.NextAsync();
        instance.Observe(Starting);
        await instance.Work.WaitAsync(Patience);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task Gives_up_and_says_so()
    {
        var instance = Create(new RestartOptions { MaxRestarts = 1, InitialDelay = TimeSpan.Zero });
        instance.Observe(Running);
        instance.Observe(Ended(1));
        await _control.NextAsync();
        Assert.Equal("start", await _control.NextAsync());
        instance.Observe(Running);
        instance.Observe(Ended(1));

        Assert.Equal("give up given up after too many restarts", await _control.NextAsync());
        await instance.Work.WaitAsync(Patience);
        Assert.Equal(["parse-0 ended with exit code 1 once more; given up after too many restarts: what it said"], _givenUp);
    }

    [Fact]
    public async Task What_is_misconfigured_is_given_up_at_once()
    {
        var instance = Create();
        instance.Observe(Running);
        instance.Observe(Ended(78));

        Assert.Equal("give up given up, since its configuration is wrong", await _control.NextAsync());
        await instance.Work.WaitAsync(Patience);
        Assert.True(_control.IsIdle);
        Assert.Equal(["parse-0 ended with exit code 78; given up, since its configuration is wrong: what it said"], _givenUp);
    }

    [Fact]
    public async Task Gives_up_although_its_output_cannot_be_read()
    {
        _control.Output = Task.FromException<string?>(new IOException("no output"));
        var instance = Create();
        instance.Observe(Running);
        instance.Observe(Ended(78));

        await instance.Work.WaitAsync(Patience);
        Assert.Equal(["parse-0 ended with exit code 78; given up, since its configuration is wrong"], _givenUp);
    }

    [Fact]
    public async Task What_was_given_up_is_supervised_again_once_somebody_starts_it()
    {
        var instance = Create(new RestartOptions { MaxRestarts = 1, InitialDelay = TimeSpan.Zero });
        instance.Observe(Running);
        instance.Observe(Ended(1));
        await _control.NextAsync();
        await _control.NextAsync();
        instance.Observe(Running);
        instance.Observe(Ended(1));
        await _control.NextAsync();
        await instance.Work.WaitAsync(Patience);

        instance.Observe(Running);
        instance.Observe(Ended(1));

        Assert.Equal("show ended with exit code 1; restart 1 in 0 s", await _control.NextAsync());
    }

    [Fact]
    public async Task What_somebody_starts_while_its_output_is_read_begins_anew()
    {
        var output = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _control.Output = output.Task;
        var instance = Create(new RestartOptions { Policy = RestartCondition.Always, MaxRestarts = 1, InitialDelay = TimeSpan.Zero });
        instance.Observe(Running);
        instance.Observe(Ended(1));
        await _control.NextAsync();
        await _control.NextAsync();
        instance.Observe(Running);
        instance.Observe(Ended(1));
        Assert.Equal("give up given up after too many restarts", await _control.NextAsync());
        var reading = instance.Work;
        await _control.OutputAsked.Task.WaitAsync(Patience);

        instance.Observe(Running);
        instance.Observe(Ended(1));
        Assert.Equal("show ended with exit code 1; restart 1 in 0 s", await _control.NextAsync());
        output.SetResult(null);
        await reading.WaitAsync(Patience);

        Assert.Single(_givenUp);
    }

    [Fact]
    public async Task Replaces_a_process_that_stops_answering()
    {
        var answers = new SwitchedAnswers();
        var instance = Create(answers: answers);
        instance.Observe(Running);
        await FallSilentAsync(answers);
        Assert.Equal("show does not answer; is being replaced", await _control.NextAsync());
        Assert.Equal("kill", await _control.NextAsync());

        instance.Observe(Ended(137));
        Assert.Equal("show did not answer and was killed; restart 1 in 0.2 s", await _control.NextAsync());
    }

    [Fact]
    public async Task Finds_it_within_five_seconds()
    {
        var answers = new SwitchedAnswers();
        var instance = Create(answers: answers);
        instance.Observe(Running);
        var since = _time.GetTimestamp();
        await FallSilentAsync(answers);
        await _control.NextAsync();

        Assert.Equal(TimeSpan.FromSeconds(3.5), _time.GetElapsedTime(since));
    }

    /// <summary>Silence right after an answer, the worst case. A question arms its timer before it is asked: then time may pass.</summary>
    private async Task FallSilentAsync(SwitchedAnswers answers)
    {
        var options = new LivenessOptions();
        await answers.AskedAsync();
        answers.Silence();
        _time.Advance(options.Interval);
        await answers.AskedAsync();
        _time.Advance(options.Silence);
        await answers.AskedAsync();
        Assert.True(_control.IsIdle);
        _time.Advance(TimeSpan.FromMilliseconds(500));
    }

    /// <summary>Lets time pass in small steps; between them the code under test gets to arm its next timer.</summary>
    private async Task PassTimeUntilCalledAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        while (_control.IsIdle)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    private static InstanceState Ended(int exitCode) => new(InstancePhase.Ended, exitCode);

    private SupervisedInstance Create(RestartOptions? options = null, SwitchedAnswers? answers = null) => new(
        "parse-0",
        new RestartPolicy(options ?? new RestartOptions { Policy = RestartCondition.Always }, _time),
        _control,
        answers is null ? null : new LivenessProbe(new HttpClient(answers), new LivenessOptions(), _time),
        _time,
        NullLogger.Instance,
        _givenUp.Add,
        _stopping.Token);

    private sealed class RecordedControl : IInstanceControl
    {
        private readonly Channel<string> _calls = Channel.CreateUnbounded<string>();

        public Task<string?> Output { get; set; } = Task.FromResult<string?>("what it said");

        public TaskCompletionSource OutputAsked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsIdle => _calls.Reader.Count == 0;

        public Task<string> NextAsync() => _calls.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        public Task<string?> StartAsync(CancellationToken cancellationToken) => Record("start");

        public Task<string?> KillAsync(CancellationToken cancellationToken) => Record("kill");

        public Task<string?> LastWordsAsync(CancellationToken cancellationToken)
        {
            OutputAsked.TrySetResult();
            return Output;
        }

        public Task ShowAsync(string decision, bool gaveUp) => Record($"{(gaveUp ? "give up" : "show")} {decision}");

        private Task<string?> Record(string call)
        {
            _calls.Writer.TryWrite(call);
            return Task.FromResult<string?>(null);
        }
    }

    /// <summary>Answers every question until it is silenced.</summary>
    private sealed class SwitchedAnswers : HttpMessageHandler
    {
        private readonly Channel<bool> _asked = Channel.CreateUnbounded<bool>();
        private volatile bool _silent;

        public Task AskedAsync() => _asked.Reader.ReadAsync().AsTask().WaitAsync(Patience);

        public void Silence() => _silent = true;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _asked.Writer.TryWrite(true);
            if (_silent)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
