using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Pipeline.Client.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Api;

/// <summary>Runs from their start to their end, over HTTP.</summary>
public sealed class RunLifecycleTests : ApiTest
{
    [Fact]
    public async Task Post_ValidRun_StartsItAndStreamsItsEventsToTheEnd()
    {
        string[] paths = [.. new[] { "in.ndjson", "out.ndjson" }.Select(name => InFolder(name))];
        using var created = await PostAsync(Body(paths[0], paths[1], more: ""","groupBy":["type","user"],"batchSize":7"""));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var id = await IdOfAsync(created);
        Assert.Equal($"/runs/{id}", created.Headers.Location?.OriginalString);

        var attempt = await Served.Stages.NextAsync();
        Assert.Equal((7, paths[0], paths[1]), (attempt.Open.Options.BatchSize, attempt.Open.Options.Input, attempt.Open.Options.Output));
        Assert.Equal(["type", "user"], attempt.Open.Options.GroupBy);
        Assert.Equal((5_000L, 1_000_000L), (attempt.Open.Options.LingerMicros, attempt.Open.Options.CheckpointIntervalMicros));
        Assert.Equal(FolderOf(id), attempt.Open.Options.WorkDirectory);

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

        var listed = await Served.Client.GetFromJsonAsync<JsonElement>("/runs");
        Assert.Equal(id, Assert.Single(listed.EnumerateArray()).GetProperty("id").GetString());
    }

    [Fact]
    public async Task PauseAndResume_ActiveRun_GoesOnAsTheNextAttempt()
    {
        var id = await StartAsync(Body(Input));
        var first = (await Served.Stages.NextAsync()).Opens();
        await ProblemAsync(await ActAsync(id, "resume"), HttpStatusCode.Conflict);
        Assert.Equal(HttpStatusCode.Accepted, (await ActAsync(id, "pause")).StatusCode);
        await first.DrainRequested;
        first.Commits(2, 20).Completes(drained: true, lines: 20);
        Assert.Equal("paused", await EndAsync(id));
        await ProblemAsync(await ActAsync(id, "pause"), HttpStatusCode.Conflict);

        Assert.Equal(HttpStatusCode.Accepted, (await ActAsync(id, "resume")).StatusCode);
        var second = await Served.Stages.NextAsync();
        Assert.Equal((2L, id), (second.Open.Attempt, second.Open.RunId));
        second.Opens().Completes();
        Assert.Equal("completed", await EndAsync(id));
        await ProblemAsync(await ActAsync(id, "cancel"), HttpStatusCode.Conflict);
        await ProblemAsync(await ActAsync(id, "resume"), HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Cancel_FailedRun_BecomesCancelled()
    {
        var id = await StartAsync(Body(Input));
        (await Served.Stages.NextAsync()).Opens().Fails("disk_full", retryable: false, "sink-0");
        Assert.Equal("failed", await EndAsync(id));
        Assert.Equal(HttpStatusCode.Accepted, (await ActAsync(id, "cancel")).StatusCode);
        Assert.Equal("cancelled", await EndAsync(id));
    }

    [Fact]
    public async Task Post_MoreRunsThanTheLimit_WaitUntilOneEnds()
    {
        var ids = new List<string>();
        for (var run = 0; run < 5; run++)
            ids.Add(await StartAsync(Body(Input)));
        var attempts = new List<FakeAttempt>();
        for (var run = 0; run < 4; run++)
            attempts.Add((await Served.Stages.NextAsync()).Opens());
        var waiting = Assert.Single(ids.Except(attempts.Select(attempt => attempt.Open.RunId)));
        var told = await Served.Client.GetFromJsonAsync<JsonElement>($"/runs/{waiting}");
        Assert.Equal("pending", told.GetProperty("state").GetString());
        attempts[2].Completes();
        Assert.Equal(waiting, (await Served.Stages.NextAsync()).Open.RunId);
    }

    [Fact]
    public async Task Stop_ActiveRun_IsInterruptedAndResumedOnRequestOnly()
    {
        var id = await StartAsync(Body(Input));
        (await Served.Stages.NextAsync()).Opens().Commits(3, 30);
        await using var events = EventsAsync(id).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        await Served.StopAsync();
        var last = events.Current;
        while (await events.MoveNextAsync())
            last = events.Current;
        Assert.Equal("interrupted", StateOf(last));
        Assert.False(File.Exists(Served.EndpointPath));

        await using var next = await ServedOrchestrator.StartAsync(Served.Folder);
        var told = await next.Client.GetFromJsonAsync<JsonElement>($"/runs/{id}");
        Assert.Equal(("interrupted", 1L), (told.GetProperty("state").GetString(), told.GetProperty("attempts").GetInt64()));
        Assert.True(next.Stages.IsIdle);
        await next.Client.PostAsync($"/runs/{id}/resume", null);
        Assert.Equal(2, (await next.Stages.NextAsync()).Open.Attempt);
    }

    [Fact]
    public async Task Start_RunActiveWhenTheOrchestratorDied_IsInterrupted()
    {
        var id = await StartAsync(Body(Input));
        await Served.Stages.NextAsync();
        var path = Path.Combine(FolderOf(id), "run.json");
        Assert.Contains("\"state\":\"running\"", await File.ReadAllTextAsync(path), StringComparison.Ordinal);

        await using var next = await DieAsync(id);

        var told = await next.Client.GetFromJsonAsync<JsonElement>($"/runs/{id}");
        Assert.Equal("interrupted", told.GetProperty("state").GetString());
        Assert.Equal("abandoned", told.GetProperty("history")[0].GetProperty("outcome").GetString());
        Assert.Contains("\"state\":\"interrupted\"", await File.ReadAllTextAsync(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AttemptHadStalledWhenTheOrchestratorDied_TellsOfNoStall()
    {
        var id = await StartAsync(Body(Input));
        await Served.Stages.NextAsync();

        await using var next = await DieAsync(id, run => run with { Stall = new RunStall(DateTimeOffset.UnixEpoch, "no progress for 30 s") });

        var told = await next.Client.GetFromJsonAsync<JsonElement>($"/runs/{id}");
        Assert.Equal("interrupted", told.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, told.GetProperty("stall").ValueKind);
    }

    [Fact]
    public async Task Delete_RunThatRests_IsGoneWithItsFolder()
    {
        var id = await StartAsync(Body(Input));
        var attempt = (await Served.Stages.NextAsync()).Opens();
        await ProblemAsync(await Served.Client.DeleteAsync($"/runs/{id}"), HttpStatusCode.Conflict);
        attempt.Completes();
        await EndAsync(id);
        Assert.True(Directory.Exists(FolderOf(id)));

        Assert.Equal(HttpStatusCode.NoContent, (await Served.Client.DeleteAsync($"/runs/{id}")).StatusCode);

        Assert.False(Directory.Exists(FolderOf(id)));
        await Waiting.UntilAsync(() => Directory.GetDirectories(Path.GetDirectoryName(FolderOf(id))!).Length == 0, "the rest of the folder");
        Assert.Empty((await Served.Client.GetFromJsonAsync<JsonElement>("/runs")).EnumerateArray());
        await ProblemAsync(await Served.Client.DeleteAsync($"/runs/{id}"), HttpStatusCode.NotFound);
    }

    private static string? StateOf(SseItem<JsonElement> item) => item.Data.GetProperty("state").GetString();
}
