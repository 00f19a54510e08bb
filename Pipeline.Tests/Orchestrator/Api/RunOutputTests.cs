using System.Net;
using System.Text;
using System.Text.Json;
using Pipeline.Client.Runs;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Api;

/// <summary>Where a run may write its results and rejects.</summary>
public sealed class RunOutputTests : ApiTest
{
    private string Day => InFolder("day.ndjson");

    private string DayBody => Body(Input, Day);

    [Fact]
    public async Task Post_FileInTheWay_IsRefusedUnlessAnEarlierRunWroteIt()
    {
        File.WriteAllText(Day, "mine");
        await RefusedAsync(DayBody, $"output '{Day}' exists");
        File.Delete(Day);

        await CompleteAsync(DayBody, Day);
        // What an earlier run has written is replaced without asking, as long as nobody has changed it.
        await CompleteAsync(DayBody, Day);
        File.AppendAllText(Day, "note");
        await RefusedAsync(DayBody, $"output '{Day}' exists");
        using var forced = await PostAsync(DayBody.Replace("}", ",\"overwrite\":true}", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Created, forced.StatusCode);
        Assert.True((await Served.Stages.NextAsync()).Open.Options.Overwrite);
    }

    [Fact]
    public async Task Resume_LaterRunWroteTheOutput_IsRefused()
    {
        var id = await StartAsync(DayBody);
        (await Served.Stages.NextAsync()).Opens().Fails("internal", retryable: false, "parse-0");
        await EndAsync(id);
        await CompleteAsync(DayBody, Day);

        using var response = await ActAsync(id, "resume");

        var problem = await ProblemAsync(response, HttpStatusCode.Conflict);
        Assert.Contains("which came later", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_OrchestratorDiedWhileSinkPublished_MayStillReplaceTheEarlierResults()
    {
        await CompleteAsync(DayBody, Day);
        var id = await StartAsync(DayBody);
        Assert.True((await Served.Stages.NextAsync()).Open.Options.Overwrite);
        // Sink renames the rejects first; the run has no record of them yet.
        await File.WriteAllTextAsync(InFolder("day.rejects.ndjson"), "rejects");

        await using var next = await DieAsync(id);
        await next.Client.PostAsync($"/runs/{id}/resume", null);

        Assert.True((await next.Stages.NextAsync()).Open.Options.Overwrite);
    }

    [Fact]
    public async Task Resume_OrchestratorDiedBetweenTheEndsOfAttemptAndRun_GoesOn()
    {
        var id = await CompleteAsync(DayBody, Day);
        var folder = FolderOf(id);
        await Served.StopAsync();
        var asLeftByADeath = RunStateFile.Read(folder)! with { State = RunState.Running, Ended = null };
        Assert.NotEmpty(asLeftByADeath.Written);
        await File.WriteAllBytesAsync(RunStateFile.PathIn(folder), JsonSerializer.SerializeToUtf8Bytes(asLeftByADeath, RunJson.Default.Run));

        await using var next = await ServedOrchestrator.StartAsync(Served.Folder);
        using var response = await next.Client.PostAsync($"/runs/{id}/resume", null);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal(2, (await next.Stages.NextAsync()).Open.Attempt);
    }

    [Fact]
    public async Task Resume_EarlierResultsWereChangedWhileItRested_MayNotReplaceThem()
    {
        await CompleteAsync(DayBody, Day);
        var id = await StartAsync(DayBody);
        Assert.True((await Served.Stages.NextAsync()).Open.Options.Overwrite);
        await Served.StopAsync();
        await File.AppendAllTextAsync(Day, "note");

        await using var next = await ServedOrchestrator.StartAsync(Served.Folder);
        await next.Client.PostAsync($"/runs/{id}/resume", null);

        Assert.False((await next.Stages.NextAsync()).Open.Options.Overwrite);
    }

    [Fact]
    public async Task Resume_FailedAfterItsRejectsWereRenamed_MayStillReplaceTheEarlierResults()
    {
        await CompleteAsync(DayBody, Day);
        var id = await StartAsync(DayBody);
        var attempt = await Served.Stages.NextAsync();
        await File.WriteAllTextAsync(InFolder("day.rejects.ndjson"), "rejects");
        attempt.Opens().Fails("internal", retryable: false, "sink-0");
        await EndAsync(id);

        await ActAsync(id, "resume");

        Assert.True((await Served.Stages.NextAsync()).Open.Options.Overwrite);
    }

    [Fact]
    public async Task Post_OutputOfAnEarlierRunIsNowALinkLoop_IsNoObstacle()
    {
        var loop = InFolder("loop.ndjson");
        await CompleteAsync(Body(Input, loop), loop);
        File.Delete(loop);
        File.CreateSymbolicLink(loop, loop);

        var fresh = InFolder("fresh.ndjson");
        await CompleteAsync(Body(Input, fresh), fresh);
    }

    [Fact]
    public async Task Post_OutputIsALinkToWhatARunWrote_IsReplaced()
    {
        var real = InFolder("real.ndjson");
        var link = InFolder("link.ndjson");
        File.CreateSymbolicLink(link, real);
        var body = Body(Input, link);
        await CompleteAsync(body, real);
        await CompleteAsync(body, real);
    }

    [Fact]
    public async Task Post_OutputInADirectoryThatIsRead_IsRefused()
    {
        var folder = InputDirectory("in");
        var id = await StartAsync(Body(folder));
        await RefusedAsync(Body(Input, Path.Combine(folder, "new.ndjson")), $"run {id} is reading");
    }

    [Fact]
    public async Task Post_RejectsWouldReplaceResultsOfAnotherRun_IsRefused()
    {
        var results = InFolder("day.rejects.ndjson");
        await CompleteAsync(Body(Input, results), results);

        await RefusedAsync(
            Body(Input, InFolder("day.ndjson")), $"rejects file '{results}' exists");
    }

    [Fact]
    public async Task Post_OutputInUse_IsRefused()
    {
        Directory.CreateSymbolicLink(InFolder("alias"), InputDirectory("real"));
        var body = Body(Input, Path.Combine(Served.Folder, "real", "x.ndjson"));
        using var first = await PostAsync(body);
        var id = await IdOfAsync(first);
        await RefusedAsync(body, $"run {id} is writing");
        foreach (var name in new[] { "x.ndjson", "x.rejects.ndjson" })
        {
            await RefusedAsync(
                Body(Input, Path.Combine(Served.Folder, "alias", name)), $"run {id} is writing");
        }

        await RefusedAsync(Body(InFolder("real"), Input), $"run {id} is reading");
        (await Served.Stages.NextAsync()).Opens().Completes();
        Assert.Equal("completed", await EndAsync(id));
    }

    [Theory]
    [InlineData("runs/x/run.json")]
    [InlineData("apphost.lock")]
    [InlineData("page-keys/x.xml")]
    public async Task Post_OutputWherePipelineKeepsItsOwnData_IsRefused(string path)
    {
        var output = Path.Join(Served.Folder, "data", path);
        Directory.CreateDirectory(Path.GetDirectoryName(output)!);
        await RefusedAsync(Body(Input, output, more: ""","overwrite":true"""), "lies where Pipeline keeps its own data");
    }

    [Theory]
    [InlineData("")]
    [InlineData("data")]
    [InlineData("data/runs/x")]
    public async Task Post_InputDirectoryWithWhatPipelineKeeps_IsRefused(string path)
    {
        await RefusedAsync(Body(InputDirectory(path)), "would be read with what Pipeline keeps in");
    }

    [Fact]
    public async Task Post_ResultsOfAnotherRunAsInput_AreRead()
    {
        var results = Path.Combine(Directory.CreateDirectory(Path.Combine(Served.Folder, "data", "runs", "x")).FullName, "results.ndjson");
        await File.WriteAllTextAsync(results, "");

        using var created = await PostAsync(Body(results));

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        (await Served.Stages.NextAsync()).Opens().Completes();
    }

    [Fact]
    public async Task Post_OutsideTheRoots_IsRefused()
    {
        await using var rooted = await ServedOrchestrator.StartAsync(roots: Served.Folder);
        using var body = new StringContent(Body("/", Path.Join(Served.Folder, "out.txt")), Encoding.UTF8, "application/json");
        using var response = await rooted.Client.PostAsync("/runs", body);

        var problem = await ProblemAsync(response, HttpStatusCode.Conflict);
        Assert.Contains(
            $"input '{Path.GetFullPath(Systems.Absolute("/"))}' lies under none of the folders that may be used",
            problem.GetProperty("detail").GetString(),
            StringComparison.Ordinal);
        Assert.True(rooted.Stages.IsIdle);
    }

    [Fact]
    public async Task Post_WithoutOutput_ResultsGoToTheFolderOfTheRun()
    {
        using var created = await PostAsync(Body(Input));
        var id = await IdOfAsync(created);
        var attempt = await Served.Stages.NextAsync();
        Assert.Equal(Path.Combine(Served.Folder, "data", "runs", id, "results.ndjson"), attempt.Open.Options.Output);
    }

    private string InputDirectory(string name)
    {
        var folder = Directory.CreateDirectory(Path.Join(Served.Folder, name)).FullName;
        File.WriteAllText(Path.Join(folder, "one.ndjson"), "");
        return folder;
    }

    private async Task RefusedAsync(string body, string reason)
    {
        using var response = await PostAsync(body);
        var problem = await ProblemAsync(response, HttpStatusCode.Conflict);
        Assert.Contains(reason, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    private async Task<string> CompleteAsync(string body, string output)
    {
        using var created = await PostAsync(body);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var id = await IdOfAsync(created);
        var attempt = await Served.Stages.NextAsync();
        attempt.Opens().Commits(1, 5);
        File.WriteAllText(output, "results");
        attempt.Completes(lines: 5);
        await EndAsync(id);
        return id;
    }
}
