using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Pipeline.Client.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Client.Runs;

public sealed class RunsClientTests
{
    [Fact]
    public async Task StartAsync_WrongSettings_ThrowsALineForEachField()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        using var client = ClientOf(served);

        var wrong = new RunSettings { Input = served.Folder, BatchSize = -1, GroupBy = [] };
        var error = await Assert.ThrowsAsync<RunsApiException>(() => client.StartAsync(wrong));

        Assert.Equal(HttpStatusCode.BadRequest, error.Status);
        Assert.Equal(["batchSize", "groupBy"], error.Message.Split('\n').Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task FollowAsync_RunThatCompletes_EndsWithItsState()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        using var client = ClientOf(served);
        var input = Path.Combine(served.Folder, "in.ndjson");
        await File.WriteAllTextAsync(input, "");
        var run = await client.StartAsync(new RunSettings { Input = input });
        (await served.Stages.NextAsync()).Opens().Commits(1, 5).Completes();

        var last = await client.FollowAsync(run.Id).LastAsync().AsTask().WaitAsync(Waiting.Limit);

        Assert.Equal(("completed", RunState.Completed), (last.EventType, last.Data.State));
        Assert.Equal(run.Id, Assert.Single(await client.ListAsync()).Id);
    }

    [Fact]
    public async Task Call_ConnectionResetJustAfterItWasMade_IsToldAsGone()
    {
        using var client = ClientOf(new Answering(new SocketException((int)SocketError.NotConnected)));

        var asked = await Assert.ThrowsAsync<RunsApiException>(() => client.ListAsync());
        var followed = await Assert.ThrowsAsync<RunsApiException>(async () => await client.FollowAsync("any").FirstAsync());

        Assert.StartsWith("the pipeline that a test names is not up any more", asked.Message, StringComparison.Ordinal);
        Assert.Equal(asked.Message, followed.Message);
    }

    [Fact]
    public async Task Call_NobodyListens_HasNoStatus()
    {
        using var client = new RunsClient(new Uri("http://127.0.0.1:1"), "key", "a test");

        var asked = await Assert.ThrowsAsync<RunsApiException>(() => client.ListAsync());
        var followed = await Assert.ThrowsAsync<RunsApiException>(async () => await client.FollowAsync("any").FirstAsync());

        Assert.Equal((null, null), (asked.Status, followed.Status));
        Assert.StartsWith("the pipeline that a test names is not up any more", asked.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task FollowAsync_RefusedStream_DisposesOfTheResponse()
    {
        var content = new WatchedContent();
        using var client = ClientOf(new Answering(HttpStatusCode.NotFound, content));

        await Assert.ThrowsAsync<RunsApiException>(async () => await client.FollowAsync("any").FirstAsync());

        Assert.True(content.IsDisposed);
    }

    [Theory]
    [InlineData("127.0.0.1:5080")]
    [InlineData("localhost:5080")]
    [InlineData("/run/pipeline")]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("https://127.0.0.1:5080")]
    public void Connect_AddressThatIsNoHttpAddress_IsRefusedByItsVariable(string address)
    {
        var error = Assert.Throws<RunsApiException>(() => RunsClient.Connect(name => name == RunsClient.AddressVariable ? address : null));

        Assert.Equal($"PIPELINE_ORCHESTRATOR must be an http address, such as http://127.0.0.1:5080, not '{address}'", error.Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a key")]
    [InlineData("key\r")]
    [InlineData("schl\u00fcssel")]
    public void Connect_AddressWithoutAKeyThatFitsAHeader_IsRefusedByItsVariable(string? key)
    {
        var error = Assert.Throws<RunsApiException>(
            () => RunsClient.Connect(name => name == RunsClient.AddressVariable ? "http://127.0.0.1:5080" : name == "PIPELINE_KEY" ? key : null));

        Assert.Equal("PIPELINE_KEY must be set to the key of the pipeline at http://127.0.0.1:5080/: 1 to 512 visible ASCII characters", error.Message);
    }

    [Theory]
    [InlineData(RunsClient.AddressVariable, "PIPELINE_KEY")]
    [InlineData("/run/endpoint.json", "/run/endpoint.json")]
    public async Task Call_KeyThatIsRefused_NamesWhereItIsFrom(string source, string named)
    {
        using var client = ClientOf(new Answering(HttpStatusCode.Unauthorized, new StringContent("{}")), source);

        var error = await Assert.ThrowsAsync<RunsApiException>(() => client.ListAsync());

        Assert.Equal(HttpStatusCode.Unauthorized, error.Status);
        Assert.StartsWith($"the pipeline at http://127.0.0.1:1/ refuses the key of {named}: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitUntilUpAsync_NobodyListens_SaysOnceThatItWaits()
    {
        using var client = ClientOf(new Answering(new SocketException((int)SocketError.NotConnected)), RunsClient.AddressVariable);
        var told = new List<string>();

        var error = await Assert.ThrowsAsync<RunsApiException>(
            () => client.WaitUntilUpAsync(new JumpingTime(), told.Add, CancellationToken.None).WaitAsync(Waiting.Limit));

        Assert.Equal(["waiting for the orchestrator at http://127.0.0.1:1/, up to 2 min"], told);
        Assert.StartsWith("the pipeline that PIPELINE_ORCHESTRATOR names is not up (", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_AnswerOfAnotherVersion_IsNotToldAsGone()
    {
        const string later = """{"id":"r","state":"running","created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z","options":{"later":1}}""";
        using var getting = ClientAnswered(later);
        using var starting = ClientAnswered(later);
        using var following = ClientAnswered($"event: state\ndata: {later}\n\n");

        RunsApiException[] errors =
        [
            await Assert.ThrowsAsync<RunsApiException>(() => getting.GetAsync("r")),
            await Assert.ThrowsAsync<RunsApiException>(() => starting.StartAsync(new RunSettings())),
            await Assert.ThrowsAsync<RunsApiException>(async () => await following.FollowAsync("r").FirstAsync()),
        ];

        Assert.All(errors, error => Assert.Equal(HttpStatusCode.OK, error.Status));
        Assert.All(errors, error => Assert.StartsWith(
            "http://127.0.0.1:1/ answers what this version of the command does not understand (", error.Message, StringComparison.Ordinal));
        Assert.EndsWith("the run may have been made all the same: `pipeline runs` shows it then", errors[1].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpRequestError.ResponseEnded, true)]
    [InlineData(HttpRequestError.ConnectionError, false)]
    [InlineData(HttpRequestError.NameResolutionError, false)]
    public async Task StartAndResume_LostBeforeTheAnswer_SayThatTheRunMayBeThere(HttpRequestError lost, bool maybe)
    {
        using var client = ClientOf(new Answering(new HttpRequestException(lost, "lost")));

        var started = await Assert.ThrowsAsync<RunsApiException>(() => client.StartAsync(new RunSettings()));
        var resumed = await Assert.ThrowsAsync<RunsApiException>(() => client.ResumeAsync("r"));

        Assert.Equal(maybe, started.Message.EndsWith("; the run may have been made all the same: `pipeline runs` shows it then", StringComparison.Ordinal));
        Assert.Equal(maybe, resumed.Message.EndsWith("; the run may have been resumed all the same: `pipeline runs` shows it then", StringComparison.Ordinal));
    }

    [Fact]
    public async Task StartAndResume_AnswerThatTakesLong_IsWaitedFor()
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var handler = new Answering(async (_, cancellationToken) =>
        {
            await answer.Task.WaitAsync(cancellationToken);
            return new HttpResponseMessage { Content = JsonContent.Create(SampleRun.New("r"), RunJson.Default.Run) };
        });
        using var client = new RunsClient(handler, new Uri("http://127.0.0.1:1"), "key", "a test") { Deadline = TimeSpan.FromMilliseconds(1) };
        var started = client.StartAsync(new RunSettings { Input = Systems.Absolute("/in") });
        var resumed = client.ResumeAsync("r");

        // Asked last, it is the last to be given up.
        var error = await Assert.ThrowsAsync<RunsApiException>(() => client.GetAsync("r").WaitAsync(Waiting.Limit));
        Assert.EndsWith("does not answer", error.Message, StringComparison.Ordinal);
        answer.SetResult();

        Assert.Equal(["r", "r"], [(await started.WaitAsync(Waiting.Limit)).Id, (await resumed.WaitAsync(Waiting.Limit)).Id]);
    }

    private static RunsClient ClientOf(ServedOrchestrator served) => new(new Uri(served.Endpoint.Address), ServedOrchestrator.Key);

    private static RunsClient ClientAnswered(string content) =>
        ClientOf(new Answering(HttpStatusCode.OK, new StringContent(content)));

    private static RunsClient ClientOf(HttpMessageHandler answers, string source = "a test") =>
        new(answers, new Uri("http://127.0.0.1:1"), "key", source);

    private sealed class WatchedContent() : StringContent("{}")
    {
        public bool IsDisposed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
