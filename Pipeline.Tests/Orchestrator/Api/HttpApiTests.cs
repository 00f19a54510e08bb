using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json;
using Pipeline.Orchestrator.Api;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Api;

public sealed class HttpApiTests : IAsyncLifetime
{
    private ServedOrchestrator _served = null!;

    public async Task InitializeAsync() => _served = await ServedOrchestrator.StartAsync();

    public async Task DisposeAsync() => await _served.DisposeAsync();

    [Theory]
    [InlineData("GET", "/runs")]
    [InlineData("POST", "/runs")]
    [InlineData("GET", "/runs/x")]
    [InlineData("GET", "/runs/x/events")]
    [InlineData("POST", "/runs/x/cancel")]
    [InlineData("POST", "/runs/x/pause")]
    [InlineData("POST", "/runs/x/resume")]
    [InlineData("GET", "/topology")]
    [InlineData("GET", "/topology/events")]
    [InlineData("POST", "/topology/rules/stop")]
    [InlineData("POST", "/topology/rules/replace")]
    [InlineData("GET", "/no-such-page")]
    public async Task Request_WithoutTheKey_IsUnauthorized(string method, string path)
    {
        using var client = new HttpClient { BaseAddress = _served.Client.BaseAddress };
        foreach (var header in new[] { null, new AuthenticationHeaderValue("Bearer", "wrong"), new AuthenticationHeaderValue("Basic", ServedOrchestrator.Key) })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Headers = { Authorization = header } };
            using var response = await client.SendAsync(request);
            await ProblemAsync(response, HttpStatusCode.Unauthorized);
        }
    }

    [Theory]
    [InlineData("/alive")]
    [InlineData("/health")]
    [InlineData("/openapi/v1.json")]
    public async Task Get_HealthOrOpenApiWithoutTheKey_IsAnswered(string path)
    {
        using var client = new HttpClient { BaseAddress = _served.Client.BaseAddress };
        using var response = await client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task OpenApi_Document_NamesEveryCall()
    {
        using var document = JsonDocument.Parse(await _served.Client.GetStringAsync("/openapi/v1.json"));
        var calls = document.RootElement.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(method => $"{method.Name} {path.Name.TrimEnd('/')}"));
        string[] expected =
        [
            "get /runs", "get /runs/{id}", "get /runs/{id}/events", "get /topology", "get /topology/events",
            "post /runs", "post /runs/{id}/cancel", "post /runs/{id}/pause", "post /runs/{id}/resume",
            "post /topology/{name}/stop", "post /topology/{role}/replace",
        ];
        Assert.Equal(expected, calls.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("get", "/runs", "200 401")]
    [InlineData("post", "/runs", "201 204 400 401 409 413 415 503")]
    [InlineData("get", "/runs/{id}", "200 401 404")]
    [InlineData("get", "/runs/{id}/events", "200 401 404")]
    [InlineData("post", "/runs/{id}/pause", "202 401 404 409 503")]
    [InlineData("post", "/runs/{id}/cancel", "202 401 404 409 503")]
    [InlineData("post", "/runs/{id}/resume", "202 401 404 409 503")]
    [InlineData("get", "/topology", "200 401")]
    [InlineData("get", "/topology/events", "200 401")]
    [InlineData("post", "/topology/{name}/stop", "200 401 404 409 503")]
    [InlineData("post", "/topology/{role}/replace", "200 401 404 409 503")]
    public async Task OpenApi_EveryCall_NamesTheStatusesThatItAnswers(string method, string path, string statuses)
    {
        using var document = JsonDocument.Parse(await _served.Client.GetStringAsync("/openapi/v1.json"));
        var paths = document.RootElement.GetProperty("paths").EnumerateObject();
        var call = paths.Single(entry => entry.Name.TrimEnd('/') == path).Value.GetProperty(method);
        var responses = call.GetProperty("responses").EnumerateObject().ToDictionary(response => response.Name, response => response.Value);
        Assert.Equal(statuses.Split(' '), responses.Keys.Order(StringComparer.Ordinal));
        Assert.All(responses.Where(response => response.Key[0] is '4' or '5'), response =>
            Assert.True(response.Value.GetProperty("content").TryGetProperty("application/problem+json", out _), response.Key));
    }

    [Theory]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/runs/none", HttpStatusCode.NotFound)]
    [InlineData("GET", "/runs/none/events", HttpStatusCode.NotFound)]
    [InlineData("POST", "/runs/none/pause", HttpStatusCode.NotFound)]
    [InlineData("DELETE", "/runs", HttpStatusCode.MethodNotAllowed)]
    [InlineData("PUT", "/topology", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/runs", HttpStatusCode.UnsupportedMediaType)]
    public async Task Request_UnknownRunPathMethodOrMediaType_IsRefusedWithAReason(string method, string path, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = status == HttpStatusCode.UnsupportedMediaType ? new StringContent("{}", Encoding.UTF8, "text/plain") : null;
        using var response = await _served.Client.SendAsync(request);
        var problem = await ProblemAsync(response, status);
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
    }

    [Fact]
    public async Task Post_ValidRun_StartsItAndStreamsItsEventsToTheEnd()
    {
        using var created = await PostAsync(Body("/data/in.ndjson", "/data/out.ndjson", more: ""","groupBy":["type","user"],"batchSize":7"""));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var id = await IdOfAsync(created);
        Assert.Equal($"/runs/{id}", created.Headers.Location?.OriginalString);

        var attempt = await _served.Stages.NextAsync();
        string[] paths = [.. new[] { "/data/in.ndjson", "/data/out.ndjson" }.Select(Systems.Absolute).Select(Path.GetFullPath)];
        Assert.Equal((7, paths[0], paths[1]), (attempt.Open.Options.BatchSize, attempt.Open.Options.Input, attempt.Open.Options.Output));
        Assert.Equal(["type", "user"], attempt.Open.Options.GroupBy);
        Assert.Equal((5_000L, 1_000_000L), (attempt.Open.Options.LingerMicros, attempt.Open.Options.CheckpointIntervalMicros));
        Assert.Equal(Path.Combine(_served.Folder, "data", "runs", id), attempt.Open.Options.WorkDirectory);

        var events = EventsAsync(id).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("state", "running"), (events.Current.EventType, StateOf(events.Current)));
        attempt.Opens().Commits(1, 5);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("progress", events.Current.EventType);
        attempt.Completes(lines: 10);
        var last = events.Current;
        while (await events.MoveNextAsync())
            last = events.Current;
        Assert.Equal(("completed", "completed"), (last.EventType, StateOf(last)));
        Assert.Equal(10, last.Data.GetProperty("counts").GetProperty("lines").GetInt64());

        var listed = await _served.Client.GetFromJsonAsync<JsonElement>("/runs");
        Assert.Equal(id, Assert.Single(listed.EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task Post_FileInTheWay_IsRefusedUnlessAnEarlierRunWroteIt()
    {
        var output = Path.Combine(_served.Folder, "day.ndjson");
        var body = Body("/data/in.ndjson", output);
        File.WriteAllText(output, "mine");
        await RefusedAsync(body, $"output '{output}' exists");
        File.Delete(output);

        await CompleteAsync(body, output);
        // What an earlier run has written is replaced without asking, as long as nobody has changed it.
        await CompleteAsync(body, output);
        File.AppendAllText(output, "note");
        await RefusedAsync(body, $"output '{output}' exists");
        using var forced = await PostAsync(body.Replace("}", ",\"overwrite\":true}", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Created, forced.StatusCode);
        Assert.True((await _served.Stages.NextAsync()).Open.Options.Overwrite);
    }

    [Fact]
    public async Task Post_DryRun_ChecksAndStoresNothing()
    {
        var output = Path.Combine(_served.Folder, "day.ndjson");
        var body = Body("/data/in.ndjson", output);

        using (var free = await PostAsync(body, "/runs?dryRun=true"))
            Assert.Equal(HttpStatusCode.NoContent, free.StatusCode);
        File.WriteAllText(output, "mine");
        using (var taken = await PostAsync(body, "/runs?dryRun=true"))
            Assert.Equal(HttpStatusCode.Conflict, taken.StatusCode);

        Assert.Equal("[]", await _served.Client.GetStringAsync("/runs"));
    }

    [Fact]
    public async Task Post_DryRunIsNoBoolean_TellsTheParameter()
    {
        using var refused = await PostAsync(Body("/data/in.ndjson"), "/runs?dryRun=nonsense");

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        using var problem = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
        Assert.Contains("dryRun", problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_LaterRunWroteTheOutput_IsRefused()
    {
        var output = Path.Combine(_served.Folder, "day.ndjson");
        var body = Body("/data/in.ndjson", output);
        var id = await IdOfAsync(await PostAsync(body));
        (await _served.Stages.NextAsync()).Opens().Fails("internal", retryable: false, "parse-0");
        await EndAsync(id);
        await CompleteAsync(body, output);

        using var response = await _served.Client.PostAsync($"/runs/{id}/resume", null);

        var problem = await ProblemAsync(response, HttpStatusCode.Conflict);
        Assert.Contains("which came later", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_OrchestratorDiedWhileSinkPublished_MayStillReplaceTheEarlierResults()
    {
        var output = Path.Combine(_served.Folder, "day.ndjson");
        var body = Body("/data/in.ndjson", output);
        await CompleteAsync(body, output);
        var id = await IdOfAsync(await PostAsync(body));
        Assert.True((await _served.Stages.NextAsync()).Open.Options.Overwrite);
        var path = Path.Combine(_served.Folder, "data", "runs", id, "run.json");
        var asLeftByADeath = await File.ReadAllTextAsync(path);
        await _served.StopAsync();
        await File.WriteAllTextAsync(path, asLeftByADeath);
        // Sink renames the rejects first; the run has no record of them yet.
        await File.WriteAllTextAsync(Path.Combine(_served.Folder, "day.rejects.ndjson"), "rejects");

        await using var next = await ServedOrchestrator.StartAsync(_served.Folder);
        await next.Client.PostAsync($"/runs/{id}/resume", null);

        Assert.True((await next.Stages.NextAsync()).Open.Options.Overwrite);
    }

    [Fact]
    public async Task Post_OutputOfAnEarlierRunIsNowALinkLoop_IsNoObstacle()
    {
        var loop = Path.Combine(_served.Folder, "loop.ndjson");
        await CompleteAsync(Body("/data/in.ndjson", loop), loop);
        File.Delete(loop);
        File.CreateSymbolicLink(loop, loop);

        var fresh = Path.Combine(_served.Folder, "fresh.ndjson");
        await CompleteAsync(Body("/data/in.ndjson", fresh), fresh);
    }

    [Fact]
    public async Task Post_OutputIsALinkToWhatARunWrote_IsReplaced()
    {
        var real = Path.Combine(_served.Folder, "real.ndjson");
        var link = Path.Combine(_served.Folder, "link.ndjson");
        File.CreateSymbolicLink(link, real);
        var body = Body("/data/in.ndjson", link);
        await CompleteAsync(body, real);
        await CompleteAsync(body, real);
    }

    [Fact]
    public async Task Post_OutputInADirectoryThatIsRead_IsRefused()
    {
        var id = await IdOfAsync(await PostAsync(Body(_served.Folder)));
        await RefusedAsync(Body("/in", Path.Combine(_served.Folder, "new.ndjson")), $"run {id} is reading");
    }

    [Fact]
    public async Task Post_RejectsWouldReplaceResultsOfAnotherRun_IsRefused()
    {
        var results = Path.Combine(_served.Folder, "day.rejects.ndjson");
        await CompleteAsync(Body("/data/in.ndjson", results), results);

        await RefusedAsync(
            Body("/data/in.ndjson", Path.Combine(_served.Folder, "day.ndjson")), $"rejects file '{results}' exists");
    }

    [Fact]
    public async Task Post_OutputInUse_IsRefused()
    {
        Directory.CreateDirectory(Path.Combine(_served.Folder, "real"));
        Directory.CreateSymbolicLink(Path.Combine(_served.Folder, "alias"), Path.Combine(_served.Folder, "real"));
        var body = Body("/data/in.ndjson", Path.Combine(_served.Folder, "real", "x.ndjson"));
        using var first = await PostAsync(body);
        var id = await IdOfAsync(first);
        await RefusedAsync(body, $"run {id} is writing");
        foreach (var name in new[] { "x.ndjson", "x.rejects.ndjson" })
        {
            await RefusedAsync(
                Body("/data/in.ndjson", Path.Combine(_served.Folder, "alias", name)), $"run {id} is writing");
        }

        await RefusedAsync(Body("/in", "/data/in.ndjson"), $"run {id} is reading");
        (await _served.Stages.NextAsync()).Opens().Completes();
        Assert.Equal("completed", await EndAsync(id));
    }

    [Fact]
    public async Task Post_OutputInTheFolderOfAnotherRun_IsRefused() => await RefusedAsync(
        Body("/in", Path.Combine(_served.Folder, "data", "runs", "x", "run.json"), more: ""","overwrite":true"""), "lies in the folder of runs");

    [Fact]
    public async Task Post_WithoutOutput_ResultsGoToTheFolderOfTheRun()
    {
        using var created = await PostAsync(Body("/data/in.ndjson"));
        var id = await IdOfAsync(created);
        var attempt = await _served.Stages.NextAsync();
        Assert.Equal(Path.Combine(_served.Folder, "data", "runs", id, "results.ndjson"), attempt.Open.Options.Output);
    }

    [Fact]
    public async Task Post_SeveralWrongFields_AllAreNamed()
    {
        using var response = await PostAsync("""{"input":5,"batchSize":"many","colour":"red","groupBy":null,"rate":-1,"rules":" ","maxLineBytes":9999999999}""");
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        var fields = problem.GetProperty("errors").EnumerateObject().Select(field => field.Name);
        Assert.Equal(["batchSize", "colour", "groupBy", "input", "maxLineBytes", "rate", "rules"], fields.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"input\":\"/a\",\"input\":\"/b\"}")]
    [InlineData("{\"input\":")]
    [InlineData("{\"input\":\"\\ud800/x\"}")]
    [InlineData("{\"\\ud800\":1}")]
    [InlineData("{\"groupBy\":[\"\\udc00\"]}")]
    public async Task Post_BodyIsNoValidObject_IsRefused(string body)
    {
        using var response = await PostAsync(body);
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.True(problem.GetProperty("errors").TryGetProperty("body", out _));
    }

    [Fact]
    public async Task Post_BodyThatIsNotUtf8_IsRefused()
    {
        using var content = new ByteArrayContent([.. "{\"input\":\"/a"u8, 0xff, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");
        using var response = await _served.Client.PostAsync("/runs", content);
        var problem = await ProblemAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal("is not UTF-8", problem.GetProperty("errors").GetProperty("body")[0].GetString());
    }

    [Fact]
    public async Task Post_BodyTooLarge_IsRefused()
    {
        using var response = await PostAsync(Body("/a", more: $",\"rules\":\"{new string(' ', 3 << 20)}\""));
        await ProblemAsync(response, HttpStatusCode.RequestEntityTooLarge);
    }

    /// <summary>One byte more than a body may have, and no end: to wait for the end would be to wait forever.</summary>
    [Fact]
    public async Task Post_ChunkedBodyWithoutEnd_IsRefusedAtTheLimit()
    {
        const long size = RunEndpoints.MaxBodyBytes + 1;
        using var client = new TcpClient();
        await client.ConnectAsync(_served.Client.BaseAddress!.Host, _served.Client.BaseAddress.Port);
        await using var stream = client.GetStream();
        var head =
            $"""
            POST /runs HTTP/1.1
            Host: {_served.Client.BaseAddress.Authority}
            Authorization: Bearer {ServedOrchestrator.Key}
            Content-Type: application/json
            Transfer-Encoding: chunked

            {size:x}

            """;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head.ReplaceLineEndings("\r\n")));
        await stream.WriteAsync(Encoding.ASCII.GetBytes("""{"input":"/a","rules":" """.PadRight((int)size)));

        using var answer = new StreamReader(stream);
        Assert.StartsWith("HTTP/1.1 413 ", await answer.ReadLineAsync().WaitAsync(Waiting.Limit), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PauseAndResume_ActiveRun_GoesOnAsTheNextAttempt()
    {
        var id = await IdOfAsync(await PostAsync(Body("/in")));
        var first = await _served.Stages.NextAsync();
        first.Opens();
        await ProblemAsync(await _served.Client.PostAsync($"/runs/{id}/resume", null), HttpStatusCode.Conflict);
        Assert.Equal(HttpStatusCode.Accepted, (await _served.Client.PostAsync($"/runs/{id}/pause", null)).StatusCode);
        await first.DrainRequested;
        first.Commits(2, 20).Completes(drained: true, lines: 20);
        Assert.Equal("paused", await EndAsync(id));
        await ProblemAsync(await _served.Client.PostAsync($"/runs/{id}/pause", null), HttpStatusCode.Conflict);

        Assert.Equal(HttpStatusCode.Accepted, (await _served.Client.PostAsync($"/runs/{id}/resume", null)).StatusCode);
        var second = await _served.Stages.NextAsync();
        Assert.Equal((2L, id), (second.Open.Attempt, second.Open.RunId));
        second.Opens().Completes();
        Assert.Equal("completed", await EndAsync(id));
        await ProblemAsync(await _served.Client.PostAsync($"/runs/{id}/cancel", null), HttpStatusCode.Conflict);
        await ProblemAsync(await _served.Client.PostAsync($"/runs/{id}/resume", null), HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Cancel_FailedRun_BecomesCancelled()
    {
        var id = await IdOfAsync(await PostAsync(Body("/in")));
        (await _served.Stages.NextAsync()).Opens().Fails("disk_full", retryable: false, "sink-0");
        Assert.Equal("failed", await EndAsync(id));
        Assert.Equal(HttpStatusCode.Accepted, (await _served.Client.PostAsync($"/runs/{id}/cancel", null)).StatusCode);
        Assert.Equal("cancelled", await EndAsync(id));
    }

    [Fact]
    public async Task Post_MoreRunsThanTheLimit_WaitUntilOneEnds()
    {
        var ids = new List<string>();
        for (var run = 0; run < 5; run++)
            ids.Add(await IdOfAsync(await PostAsync(Body("/in"))));
        var attempts = new List<FakeAttempt>();
        for (var run = 0; run < 4; run++)
            attempts.Add((await _served.Stages.NextAsync()).Opens());
        var waiting = Assert.Single(ids.Except(attempts.Select(attempt => attempt.Open.RunId)));
        var told = await _served.Client.GetFromJsonAsync<JsonElement>($"/runs/{waiting}");
        Assert.Equal("pending", told.GetProperty("state").GetString());
        attempts[2].Completes();
        Assert.Equal(waiting, (await _served.Stages.NextAsync()).Open.RunId);
    }

    [Fact]
    public async Task Stop_ActiveRun_IsInterruptedAndResumedOnRequestOnly()
    {
        var id = await IdOfAsync(await PostAsync(Body("/in")));
        (await _served.Stages.NextAsync()).Opens().Commits(3, 30);
        await using var events = EventsAsync(id).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        await _served.StopAsync();
        var last = events.Current;
        while (await events.MoveNextAsync())
            last = events.Current;
        Assert.Equal("interrupted", StateOf(last));
        Assert.False(File.Exists(_served.EndpointPath));

        await using var next = await ServedOrchestrator.StartAsync(_served.Folder);
        var told = await next.Client.GetFromJsonAsync<JsonElement>($"/runs/{id}");
        Assert.Equal(("interrupted", 1L), (told.GetProperty("state").GetString(), told.GetProperty("attempts").GetInt64()));
        Assert.True(next.Stages.IsIdle);
        await next.Client.PostAsync($"/runs/{id}/resume", null);
        Assert.Equal(2, (await next.Stages.NextAsync()).Open.Attempt);
    }

    [Fact]
    public async Task Start_RunActiveWhenTheOrchestratorDied_IsInterrupted()
    {
        var id = await IdOfAsync(await PostAsync(Body("/in")));
        await _served.Stages.NextAsync();
        var path = Path.Combine(_served.Folder, "data", "runs", id, "run.json");
        var asLeftByADeath = await File.ReadAllTextAsync(path);
        Assert.Contains("\"state\":\"running\"", asLeftByADeath, StringComparison.Ordinal);
        await _served.StopAsync();
        await File.WriteAllTextAsync(path, asLeftByADeath);

        await using var next = await ServedOrchestrator.StartAsync(_served.Folder);
        var told = await next.Client.GetFromJsonAsync<JsonElement>($"/runs/{id}");
        Assert.Equal("interrupted", told.GetProperty("state").GetString());
        Assert.Equal("abandoned", told.GetProperty("history")[0].GetProperty("outcome").GetString());
        Assert.Contains("\"state\":\"interrupted\"", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topology_BrokerAway_GivesTheLastKnownInstances()
    {
        var topology = await _served.Client.GetFromJsonAsync<JsonElement>("/topology");
        Assert.False(topology.GetProperty("connected").GetBoolean());
        var first = topology.GetProperty("instances")[0];
        Assert.Equal(("ingest-0", "ingest", "live"), (
            first.GetProperty("instanceId").GetString(), first.GetProperty("role").GetString(), first.GetProperty("state").GetString()));

        var parse = (await _served.Client.GetFromJsonAsync<JsonElement>("/topology?role=parse")).GetProperty("instances");
        Assert.Equal("parse-0", Assert.Single(parse.EnumerateArray()).GetProperty("instanceId").GetString());
    }

    [Fact]
    public async Task TopologyEvents_InstanceRegisters_SendsTheTopologyAgain()
    {
        using var response = await _served.Client.GetAsync("/topology/events", HttpCompletionOption.ResponseHeadersRead);
        var events = SseParser.Create(await response.Content.ReadAsStreamAsync(), (_, bytes) => Json(bytes)).EnumerateAsync().GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("topology", 5), (events.Current.EventType, events.Current.Data.GetProperty("instances").GetArrayLength()));
        _served.Registry.Register("parse-1", "parse");
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(6, events.Current.Data.GetProperty("instances").GetArrayLength());
    }

    [UnixFact]
    [UnsupportedOSPlatform("windows")]
    public void EndpointFile_Started_IsReadableByThisUserOnly()
    {
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_served.EndpointPath));
        Assert.Equal((ServedOrchestrator.Key, Environment.ProcessId), (_served.Endpoint.Key, _served.Endpoint.Pid));
    }

    private static string Body(string input, string? output = null, string more = "") =>
        $$"""{"input":{{Text(input)}}{{(output is null ? "" : $",\"output\":{Text(output)}")}}{{more}}}""";

    private static string Text(string path) => JsonSerializer.Serialize(Systems.Absolute(path));

    private static JsonElement Json(ReadOnlySpan<byte> bytes)
    {
        var reader = new Utf8JsonReader(bytes);
        return JsonElement.ParseValue(ref reader);
    }

    private static string? StateOf(SseItem<JsonElement> item) => item.Data.GetProperty("state").GetString();

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    private static async Task<string> IdOfAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;

    private Task<HttpResponseMessage> PostAsync(string body, string path = "/runs") =>
        _served.Client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));

    private async IAsyncEnumerable<SseItem<JsonElement>> EventsAsync(string id)
    {
        using var response = await _served.Client.GetAsync($"/runs/{id}/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(), (_, bytes) => Json(bytes)).EnumerateAsync())
            yield return item;
    }

    /// <summary>Name of the last event.</summary>
    private async Task<string> EndAsync(string id)
    {
        var last = "";
        await foreach (var item in EventsAsync(id))
            last = item.EventType;
        return last;
    }

    private async Task RefusedAsync(string body, string reason)
    {
        using var response = await PostAsync(body);
        var problem = await ProblemAsync(response, HttpStatusCode.Conflict);
        Assert.Contains(reason, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private async Task CompleteAsync(string body, string output)
    {
        using var created = await PostAsync(body);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var id = await IdOfAsync(created);
        var attempt = await _served.Stages.NextAsync();
        attempt.Opens().Commits(1, 5);
        File.WriteAllText(output, "results");
        attempt.Completes(lines: 5);
        await foreach (var _ in EventsAsync(id))
        {
            // To its end.
        }
    }
}
