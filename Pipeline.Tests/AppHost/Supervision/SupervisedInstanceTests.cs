using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.AppHost.Supervision;

public sealed class SupervisedInstanceTests : IDisposable
{
    private static readonly InstanceState Starting = new(InstancePhase.Starting);
    private static readonly InstanceState Stopping = new(InstancePhase.Stopping);
    private static readonly LivenessOptions Impatient = new() { Startup = TimeSpan.FromSeconds(2.5) };
    private static readonly ProcessIdentity Process = new(12, 34);
    private static readonly InstanceState Running = new(InstancePhase.Running, Process: Process, Address: new Uri("http://instance"));

    private readonly FakeTimeProvider _time = new();
    private readonly RecordedControl _control = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<string> _givenUp = [];
    private readonly HashSet<ProcessIdentity> _takenOut = [];
    private readonly FakeLogger _log = new();

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    [Fact]
    public async Task Observe_ProcessFailed_StartsAfterDelay()
    {
        var instance = StartRunning();
        instance.Observe(Ended(137));
        Assert.Equal("show ended with exit code 137; restart 1 of 10 in 0.2 s [restart 1 of 10 in 0.2 s]", await _control.NextAsync());

        _time.Advance(TimeSpan.FromMilliseconds(199));
        Assert.True(_control.IsIdle);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("start", await _control.NextAsync());

        instance.Observe(Starting);
        await instance.Work.WaitAsync(Waiting.Limit);
    }

    [Fact]
    public async Task Observe_StoppedOnDemand_Leaves()
    {
        var instance = StartRunning();
        instance.Observe(Stopping);
        instance.Observe(Ended(0));

        Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
        await instance.Work.WaitAsync(Waiting.Limit);
        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task Observe_StartWithoutEffect_AsksAgain()
    {
        var instance = StartRunning();
        instance.Observe(Ended(1));
        await _control.NextAsync();
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal("start", await _control.NextAsync());

        await PassTimeUntilCalledAsync();
        Assert.Equal("show could not be started; restart 2 of 10 in 0.4 s [restart 2 of 10 in 0.4 s]", await _control.NextAsync());
        await PassTimeUntilCalledAsync();
        Assert.Equal("start", await _control.NextAsync());
    }

    [Fact]
    public async Task Observe_ProgramIsNotThere_LogsWhatIsSaidOfItWithEachRestart()
    {
        _control.Output = Task.FromResult<string?>("no such file");
        var instance = StartRunning();
        instance.Observe(new InstanceState(InstancePhase.Ended));

        Assert.Equal("show could not be started; restart 1 of 10 in 0.2 s [restart 1 of 10 in 0.2 s]", await _control.NextAsync());
        Assert.EndsWith(" could not be started: no such file; restart 1 of 10 in 0.2 s", _log.LatestRecord.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observe_StartedByPersonDuringDelay_DropsRestart()
    {
        var instance = StartRunning();
        instance.Observe(Ended(1));
        await _control.NextAsync();
        instance.Observe(Starting);
        await instance.Work.WaitAsync(Waiting.Limit);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task Observe_TooManyRestarts_GivesUpWithReason()
    {
        var instance = StartRunning(new RestartOptions { MaxRestarts = 1, InitialDelay = TimeSpan.Zero });
        instance.Observe(Ended(1));
        await _control.NextAsync();
        Assert.Equal("start", await _control.NextAsync());
        instance.Observe(Running);
        instance.Observe(Ended(1));

        Assert.Equal("show given up after too many restarts [given up: ended with exit code 1]", await _control.NextAsync());
        await instance.Work.WaitAsync(Waiting.Limit);
        Assert.Equal(["parse-0 ended with exit code 1; given up after too many restarts: what it said"], _givenUp);
    }

    [Fact]
    public async Task Observe_Misconfigured_GivesUpAtOnce()
    {
        var instance = StartRunning();
        instance.Observe(Ended(78));

        Assert.Equal("show given up, since its configuration is wrong [given up: ended with exit code 78]", await _control.NextAsync());
        await instance.Work.WaitAsync(Waiting.Limit);
        Assert.True(_control.IsIdle);
        Assert.Equal(["parse-0 ended with exit code 78; given up, since its configuration is wrong: what it said"], _givenUp);
    }

    [Fact]
    public async Task Observe_StartedAfterGivingUp_CountsAnew()
    {
        var instance = StartRunning(new RestartOptions { MaxRestarts = 1, InitialDelay = TimeSpan.Zero });
        instance.Observe(Ended(1));
        await _control.NextAsync();
        await _control.NextAsync();
        instance.Observe(Running);
        instance.Observe(Ended(1));
        await _control.NextAsync();
        await instance.Work.WaitAsync(Waiting.Limit);

        instance.Observe(Running);
        instance.Observe(Ended(1));

        Assert.Equal("show ended with exit code 1; restart 1 of 1 in 0 s [restart 1 of 1 in 0 s]", await _control.NextAsync());
    }

    [Fact]
    public async Task Observe_StartedWhileOutputIsRead_CountsAnew()
    {
        var output = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _control.Output = output.Task;
        var instance = StartRunning(new RestartOptions { Policy = RestartCondition.Always, MaxRestarts = 1, InitialDelay = TimeSpan.Zero });
        instance.Observe(Ended(1));
        await _control.NextAsync();
        await _control.NextAsync();
        instance.Observe(Running);
        instance.Observe(Ended(1));
        Assert.Equal("show given up after too many restarts [given up: ended with exit code 1]", await _control.NextAsync());
        var reading = instance.Work;
        await _control.OutputAsked.Task.WaitAsync(Waiting.Limit);

        instance.Observe(Running);
        instance.Observe(Ended(1));
        Assert.Equal("show ended with exit code 1; restart 1 of 1 in 0 s [restart 1 of 1 in 0 s]", await _control.NextAsync());
        output.SetResult(null);
        await reading.WaitAsync(Waiting.Limit);

        Assert.Single(_givenUp);
    }

    [Fact]
    public async Task Observe_SilentProcess_IsKilledAndRestarted()
    {
        var instance = StartRunning(answers: Unanswered());
        await PassTimeUntilCalledAsync();
        Assert.Equal("show does not answer; is being replaced [does not answer]", await _control.NextAsync());
        Assert.Equal("kill", await _control.NextAsync());

        instance.Observe(Ended(137));
        Assert.Equal("show did not answer and was killed; restart 1 of 10 in 0.2 s [restart 1 of 10 in 0.2 s]", await _control.NextAsync());
    }

    [Fact]
    public async Task Observe_KillWithoutEffect_KillsAgainAndSaysSo()
    {
        var instance = StartRunning(answers: Unanswered());
        await PassTimeUntilCalledAsync();
        await _control.NextAsync();

        for (var kills = 0; kills < 5; kills++)
        {
            await PassTimeUntilCalledAsync();
            Assert.Equal("kill", await _control.NextAsync());
        }

        await PassTimeUntilCalledAsync();
        Assert.Equal("show does not answer; is being replaced [does not answer]", await _control.NextAsync());
        Assert.Contains($"parse-0: kill failed: process {Process.Id} is still there", _log.Collector.GetSnapshot().Select(record => record.Message));
    }

    [Fact]
    public async Task Observe_AddressKnownLater_AsksThere()
    {
        var asked = 0;
        var instance = Create(answers: new Answering((_, _) =>
            throw (++asked % 2 == 0 ? new SocketException((int)SocketError.NotConnected) : new HttpRequestException("refused"))));
        instance.Observe(Running with { Address = null });
        instance.Observe(Running);

        await PassTimeUntilCalledAsync();

        Assert.Equal("show does not answer; is being replaced [does not answer]", await _control.NextAsync());
        Assert.NotEqual(0, asked);
    }

    [Fact]
    public async Task Observe_ControlFails_TellsThatItIsNotSupervised()
    {
        _control.Failure = new InvalidOperationException("the API is gone");
        var instance = StartRunning();
        instance.Observe(Ended(1));

        await instance.Work.WaitAsync(Waiting.Limit);

        Assert.Equal(["parse-0 is not supervised any more: the API is gone"], _givenUp);
        Assert.Contains("parse-0 is not supervised any more: its supervision failed", _log.Collector.GetSnapshot().Select(record => record.Message));
    }

    [Fact]
    public async Task Observe_SameEndAgainAfterStart_IgnoresIt()
    {
        var end = new InstanceState(InstancePhase.Ended, ProcessId: 12, ExitCode: -1);
        var instance = StartRunning();
        await instance.CommandBeginsAsync();
        instance.Observe(end);
        await _control.NextAsync();

        instance.Observe(Starting);
        instance.Observe(end);
        instance.Observe(Running);

        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task Command_RestartDue_DropsIt()
    {
        var instance = StartRunning();
        instance.Observe(Ended(1));
        await _control.NextAsync();

        await instance.CommandBeginsAsync();

        Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
        await instance.Work.WaitAsync(Waiting.Limit);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task Command_StartUnderWay_LeavesItsEnd()
    {
        var instance = StartRunning();
        instance.Observe(Ended(1));
        await _control.NextAsync();
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal("start", await _control.NextAsync());

        await instance.CommandBeginsAsync();
        instance.Observe(Starting);
        instance.Observe(Running);
        instance.Observe(Ended(143));

        Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
    }

    [Fact]
    public async Task Command_RestartByPerson_IsNotCounted()
    {
        var instance = Create(new RestartOptions { Policy = RestartCondition.Always, MaxRestarts = 1, InitialDelay = TimeSpan.Zero });
        for (var restarts = 0; restarts < 3; restarts++)
        {
            instance.Observe(Running);
            await instance.CommandBeginsAsync();
            instance.Observe(Ended(137));
            Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
            instance.Observe(Starting);
        }

        instance.Observe(Running);
        instance.Observe(Ended(1));
        Assert.StartsWith("show ended with exit code 1; restart 1 of 1", await _control.NextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Observe_ProcessThatWasToLeaveEnds_IsNotRestarted()
    {
        var instance = Create();
        var process = ProcessIdentity.Current;
        instance.Observe(Running with { Process = process });
        _takenOut.Add(process);

        instance.Observe(Ended(143));

        Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
    }

    [Fact]
    public async Task Observe_TakenOutAsIsHeardAfterTheEnd_IsNotStarted()
    {
        var instance = Create();
        instance.Observe(Running with { Process = ProcessIdentity.Current });
        instance.Observe(Ended(143));
        Assert.Contains("restart", await _control.NextAsync(), StringComparison.OrdinalIgnoreCase);

        _takenOut.Add(ProcessIdentity.Current);
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("show was taken out; not restarted", await _control.NextAsync());
        await instance.Work;
    }

    [Fact]
    public async Task Command_StopOfAProcessThatHangs_StaysStopped()
    {
        var instance = StartRunning(answers: Unanswered());
        await PassTimeUntilCalledAsync();
        await _control.NextAsync();
        await _control.NextAsync();

        await instance.CommandBeginsAsync();
        instance.Observe(Ended(137));

        Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(ServiceRunner.Misconfigured, true)]
    [InlineData(0, false)]
    public async Task Command_RebuildOfAnEndedProcess_IsStartedUnlessItsPolicyLeavesIt(int exitCode, bool isStarted)
    {
        var instance = StartRunning(new RestartOptions { Policy = RestartCondition.OnFailure });
        instance.Observe(Ended(exitCode));
        await _control.NextAsync();

        await RebuildAsync(instance);

        Assert.Equal(isStarted, !_control.IsIdle && await _control.NextAsync() == "start");
    }

    [Fact]
    public async Task Command_RebuildAfterOneThatFailed_IsStarted()
    {
        var instance = StartRunning();
        await instance.CommandBeginsAsync(rebuild: true);
        instance.Observe(Ended(0));
        await _control.NextAsync();
        await instance.CommandEndsAsync(hasEffect: false);
        Assert.True(_control.IsIdle);

        await RebuildAsync(instance);

        Assert.Equal("start", await _control.NextAsync());
    }

    [Fact]
    public async Task Command_RebuildOfAStoppedProcess_StaysStopped()
    {
        var instance = StartRunning();
        instance.Observe(Ended(1));
        await _control.NextAsync();
        await instance.CommandBeginsAsync();

        await _control.NextAsync();

        await RebuildAsync(instance);

        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task Command_RebuildOfARunningProcess_IsLeftToAspire()
    {
        var instance = StartRunning();
        await instance.CommandBeginsAsync(rebuild: true);
        instance.Observe(Ended(0));
        await _control.NextAsync();

        await instance.CommandEndsAsync(hasEffect: true);

        Assert.True(_control.IsIdle);
    }

    [Fact]
    public async Task Command_HasNoEffect_CountsTheNextEndAsCrash()
    {
        var instance = StartRunning();
        await instance.CommandBeginsAsync();
        await instance.CommandEndsAsync(hasEffect: false);

        instance.Observe(Ended(1));

        Assert.StartsWith("show ended with exit code 1; restart 1", await _control.NextAsync(), StringComparison.Ordinal);
    }

    private async Task RebuildAsync(SupervisedInstance instance)
    {
        await instance.CommandBeginsAsync(rebuild: true);
        Assert.Equal("show was stopped on demand; not restarted", await _control.NextAsync());
        await instance.CommandEndsAsync(hasEffect: true);
    }

    /// <summary>Lets time pass in small steps; between them the code under test gets to arm its next timer.</summary>
    private async Task PassTimeUntilCalledAsync()
    {
        using var patience = new CancellationTokenSource(Waiting.Limit);
        while (_control.IsIdle)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    private static Answering Unanswered() => new(async (_, cancellationToken) =>
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException();
    });

    private static InstanceState Ended(int exitCode) => new(InstancePhase.Ended, ExitCode: exitCode);

    private SupervisedInstance StartRunning(RestartOptions? options = null, HttpMessageHandler? answers = null)
    {
        var instance = Create(options, answers);
        instance.Observe(Running);
        return instance;
    }

    private SupervisedInstance Create(RestartOptions? options = null, HttpMessageHandler? answers = null) => new(
        "parse-0",
        new RestartPolicy(options ?? new RestartOptions { Policy = RestartCondition.Always }, _time),
        _control,
        answers is null ? null : new HangDetector(new HttpClient(answers), Impatient, _ => default, _ => null, _time),
        _time,
        _log,
        _givenUp.Add,
        _takenOut.Contains,
        _stopping.Token);

    private sealed class RecordedControl : IInstanceControl
    {
        private readonly Channel<string> _calls = Channel.CreateUnbounded<string>();

        public Task<string?> Output { get; set; } = Task.FromResult<string?>("what it said");

        public TaskCompletionSource OutputAsked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Exception? Failure { get; set; }

        public bool IsIdle => _calls.Reader.Count == 0;

        public Task<string> NextAsync() => _calls.Reader.ReadAsync().AsTask().WaitAsync(Waiting.Limit);

        public Task<string?> StartAsync(CancellationToken cancellationToken) => Record("start");

        public string? Kill(ProcessIdentity process)
        {
            Record("kill");
            return process == Process ? null : "another process";
        }

        public Task<string?> LastWordsAsync(CancellationToken cancellationToken)
        {
            OutputAsked.TrySetResult();
            return Output;
        }

        public Task ShowAsync(string decision, string? state, string? style) =>
            Record($"show {decision}{(state is null ? "" : $" [{state}]")}");

        private Task<string?> Record(string call)
        {
            if (Failure is not null)
                return Task.FromException<string?>(Failure);
            _calls.Writer.TryWrite(call);
            return Task.FromResult<string?>(null);
        }
    }
}
