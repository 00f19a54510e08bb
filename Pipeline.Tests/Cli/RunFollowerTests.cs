using System.CommandLine;
using System.Net;
using Pipeline.Cli;
using Pipeline.Client.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Cli;

public sealed class RunFollowerTests : CommandTests
{
    [Fact]
    public async Task FollowAsync_InterruptAndTheRunDrainsForLong_SaysThatItStillDrains()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var time = new WatchedTime();
        var handler = new CountingHandler();
        using var client = new RunsClient(handler, new Uri(served.Endpoint.Address), ServedOrchestrator.Key, "a test");
        var run = await client.StartAsync(new RunSettings { Input = Write("in.ndjson") });
        var attempt = (await served.Stages.NextAsync()).Opens();
        using var interrupt = new CancellationTokenSource();
        var following = new RunFollower(ContextOf(time, EnvironmentOf(served)), ReportFormat.Text).FollowAsync(client, run.Id, interrupt.Token);

        await interrupt.CancelAsync();
        await attempt.DrainRequested;
        // The pause was answered once the run is followed again.
        await handler.FollowedAgain.WaitAsync(Waiting.Limit);
        await time.LetPassAsync(TimeSpan.FromSeconds(15));

        var error = await Assert.ThrowsAsync<CliException>(() => following.WaitAsync(Waiting.Limit));
        Assert.Equal(ExitCodes.Interrupted, error.ExitCode);
        Assert.Equal(
            $"run {run.Id} is still draining; look at it with: pipeline show {run.Id}, and once it is paused go on with: pipeline resume {run.Id}",
            error.Message);
    }

    [Fact]
    public async Task FollowAsync_OrchestratorRefusesTheRunForLong_SaysWhyAndNotThatItWentAway()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        // Two waits take longer than it tries.
        var time = new JumpingTime(tick: TimeSpan.FromSeconds(31));
        using var client = new RunsClient(new Answering(new HttpRequestException("lost")), new Uri(served.Endpoint.Address), ServedOrchestrator.Key, "a test");
        var follower = new RunFollower(
            ContextOf(time, name => name == RunsClient.AddressVariable ? served.Endpoint.Address : "another-key"), ReportFormat.Text);

        var error = await Assert.ThrowsAsync<CliException>(() => follower.FollowAsync(client, "r", CancellationToken.None).WaitAsync(Waiting.Limit));

        Assert.Equal(ExitCodes.Failed, error.ExitCode);
        Assert.StartsWith("run r could not be resumed: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("key", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunState.Failed, "disk_full", ExitCodes.Failed, "run r failed: disk_full: it is full; go on with: pipeline resume r")]
    [InlineData(
        RunState.Failed, "input_unreadable", ExitCodes.Failed,
        "run r failed: input_unreadable: it is full; repair the input, then go on with: pipeline resume r")]
    [InlineData(RunState.Failed, "input_corrupt", ExitCodes.Failed, "run r failed: input_corrupt: it is full; repair the input, and start a new run")]
    [InlineData(
        RunState.Failed, "input_changed", ExitCodes.Failed,
        "run r failed: input_changed: it is full; or, once the input is as it was, go on with: pipeline resume r")]
    [InlineData(RunState.Failed, "invalid_rules", ExitCodes.Usage, "it is full.")]
    [InlineData(RunState.Interrupted, null, ExitCodes.Failed, "run r is interrupted; go on with: pipeline resume r")]
    [InlineData(RunState.Completed, null, ExitCodes.Failed, "run r completed before it was paused")]
    [InlineData(RunState.Draining, null, ExitCodes.NoPipeline, "the orchestrator went away before run r was paused; look at it with: pipeline show r")]
    public void EndStopped_RunThatIsNotPaused_FailsAndSaysWhy(RunState state, string? reason, int code, string message)
    {
        var run = SampleRun.New("r", state) with { Error = reason is null ? null : new RunError(reason, "it is full.") };
        var follower = new RunFollower(ContextOf(TimeProvider.System, _ => null), ReportFormat.Text);

        var error = Assert.Throws<CliException>(() => follower.EndStopped(run, RunState.Paused));

        Assert.Equal((code, message), (error.ExitCode, error.Message));
    }

    [Fact]
    public async Task FollowAsync_AnswersOfAnotherVersion_FailsAtOnce()
    {
        var answers = new Answering(HttpStatusCode.OK, new StringContent("data: {\"later\":1}\n\n"));
        using var client = new RunsClient(answers, new Uri("http://127.0.0.1:1"), "key", "a test");
        var follower = new RunFollower(ContextOf(new JumpingTime(), _ => null), ReportFormat.Text);

        var error = await Assert.ThrowsAsync<RunsApiException>(
            () => follower.FollowAsync(client, "r", CancellationToken.None).WaitAsync(Waiting.Limit));

        Assert.Equal(ExitCodes.Failed, ExitCodes.Of(error));
        Assert.Empty(Error);
    }

    private CommandContext ContextOf(TimeProvider time, Func<string, string?> environment) =>
        new(Terminal, environment, new Option<bool>("--json"), new Option<bool>("--markdown"), time);

    private sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler())
    {
        private readonly TaskCompletionSource _again = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private bool _paused;

        public Task FollowedAgain => _again.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            var path = request.RequestUri!.AbsolutePath;
            if (path.EndsWith("/pause", StringComparison.Ordinal))
                _paused = true;
            else if (_paused && path.EndsWith("/events", StringComparison.Ordinal))
                _again.TrySetResult();
            return response;
        }
    }
}
