using System.Text.Json;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.FluentUI.AspNetCore.Components;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;
using Pipeline.Orchestrator.Routes;
using Pipeline.Orchestrator.Runs;
using Pipeline.Orchestrator.Web;
using Pipeline.Orchestrator.Web.Components;
using Pipeline.Orchestrator.Web.Pages;
using Pipeline.Orchestrator.Web.Views;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Web;

/// <summary>Pages without a browser, over an orchestrator whose stages and broker are fakes.</summary>
public sealed class ComponentTests : IAsyncLifetime
{
    private ServedOrchestrator _served = null!;
    private BunitContext _browser = null!;

    private RunService Runs => _served.Services.GetRequiredService<RunService>();

    public async Task InitializeAsync()
    {
        _served = await ServedOrchestrator.StartAsync();
        _browser = BrowserOf(_served);
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        await _served.DisposeAsync();
    }

    [Fact]
    public async Task NewRun_WrongValues_AreToldAtTheirFields()
    {
        var page = _browser.Render<NewRun>();
        await TypeAsync(page, "Input", "relative.ndjson");
        await TypeAsync(page, "Batch size, lines", "many");

        await page.Find("form").SubmitAsync();

        page.WaitForAssertion(() =>
        {
            Assert.Equal("must be an absolute path, not relative.ndjson", Field(page, "Input").Instance.Message);
            Assert.Equal("must be a whole number from 1 to 100000, auto, or empty for auto", Field(page, "Batch size, lines").Instance.Message);
            Assert.Null(Field(page, "Output").Instance.Message);
        });
        Assert.Empty(Runs.List());
    }

    [Fact]
    public async Task NewRun_WrongValueThatIsCorrected_IsNotWrongAnyMore()
    {
        var page = _browser.Render<NewRun>();
        await TypeAsync(page, "Rate, lines/s", "many");
        await page.Find("form").SubmitAsync();
        page.WaitForAssertion(() => Assert.NotNull(Field(page, "Rate, lines/s").Instance.Message));

        await page.Find("fluent-text-input").TriggerEventAsync("onchange", new ChangeEventArgs { Value = "/in" });

        Assert.Null(Field(page, "Input").Instance.Message);
        Assert.NotNull(Field(page, "Rate, lines/s").Instance.Message);
    }

    [Fact]
    public async Task NewRun_WrongValueAndOutputThatExists_AreToldAtOnce()
    {
        var input = Path.Combine(_served.Folder, "in.ndjson");
        var output = Path.Combine(_served.Folder, "out.ndjson");
        await File.WriteAllTextAsync(input, "");
        await File.WriteAllTextAsync(output, "");
        var page = _browser.Render<NewRun>();
        await TypeAsync(page, "Input", input);
        await TypeAsync(page, "Output", output);
        await TypeAsync(page, "Rate, lines/s", "many");

        await page.Find("form").SubmitAsync();

        page.WaitForAssertion(() =>
        {
            Assert.NotNull(Field(page, "Rate, lines/s").Instance.Message);
            Assert.Contains("set overwrite to have it replaced", page.Markup, StringComparison.Ordinal);
        });
        Assert.Empty(Runs.List());
    }

    [Fact]
    public async Task NewRun_RightValues_StartARunAndShowIt()
    {
        var input = Path.Combine(_served.Folder, "in.ndjson");
        await File.WriteAllTextAsync(input, "");
        var page = _browser.Render<NewRun>();
        await TypeAsync(page, "Input", input);
        await TypeAsync(page, "Group by", "type, user");

        await page.Find("form").SubmitAsync();

        page.WaitForAssertion(() => Assert.EndsWith(
            $"/ui/runs/{Assert.Single(Runs.List()).Id}", _browser.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal));
        Assert.Equal(["type", "user"], Runs.List()[0].Options.GroupBy);
    }

    [Fact]
    public void NewRun_FromARun_HasItsSettings()
    {
        var id = NewRun().Id;
        _browser.Services.GetRequiredService<NavigationManager>().NavigateTo($"/ui/new?from={id}");

        var page = _browser.Render<NewRun>();

        Assert.Equal("123", Field(page, "Batch size, lines").Instance.Value);
        Assert.Equal("click", Field(page, "Allowed types").Instance.Value);
        Assert.True(page.Find("details:has(fluent-checkbox)").HasAttribute("open"), "the settings that are not the default are hidden");
    }

    [Fact]
    public void NewRun_FromARunThenWithout_IsEmptyAgain()
    {
        var navigation = _browser.Services.GetRequiredService<NavigationManager>();
        navigation.NavigateTo($"/ui/new?from={NewRun().Id}");
        var page = _browser.Render<NewRun>();
        Assert.Equal("123", Field(page, "Batch size, lines").Instance.Value);

        navigation.NavigateTo("/ui/new");

        page.WaitForAssertion(
            () => Assert.All(
                new[] { "Input", "Batch size, lines", "Allowed types" }, label => Assert.True(string.IsNullOrEmpty(Field(page, label).Instance.Value), label)),
            Waiting.Limit);
    }

    [Fact]
    public async Task NewRun_FileThatTheBrowserCannotRead_IsAnErrorBesideWhatWasTyped()
    {
        var page = _browser.Render<NewRun>();
        await TypeAsync(page, "Group by", "user");

        await UploadAsync(page, new SentFile("in.ndjson", [1]) { End = Task.FromException(new InvalidOperationException("NotReadableError")) });

        page.WaitForAssertion(
            () => Assert.Contains(page.FindAll("[role=alert]"), alert => alert.TextContent.Contains("NotReadableError", StringComparison.Ordinal)));
        Assert.Equal("user", Field(page, "Group by").Instance.Value);
        Assert.True(string.IsNullOrEmpty(Field(page, "Input").Instance.Value), "a file that was not read has become the input");
    }

    [Fact]
    public async Task NewRun_AnotherFileWhileOneIsUploaded_TheLaterOneIsTheInput()
    {
        var end = new TaskCompletionSource();
        var page = _browser.Render<NewRun>();

        var first = UploadAsync(page, new SentFile("first.ndjson", [1]) { End = end.Task });
        page.WaitForAssertion(() => Assert.True(page.FindComponent<FluentButton>().Instance.Disabled, "a run can be started before its input is there"));
        await UploadAsync(page, new SentFile("second.ndjson", [1]));
        end.SetResult();
        await first.WaitAsync(Waiting.Limit);

        Assert.EndsWith("second.ndjson", Field(page, "Input").Instance.Value, StringComparison.Ordinal);
        Assert.False(page.FindComponent<FluentButton>().Instance.Disabled, "no run can be started after an upload");
        Assert.Equal("second.ndjson", Path.GetFileName(Assert.Single(Directory.EnumerateFiles(Path.Combine(_served.Folder, "data", Uploads.Folder)))));
    }

    [Fact]
    public async Task RunsPage_TwoRunsChosen_ComparesThem()
    {
        string[] ids = [NewRun().Id, NewRun().Id];
        var page = _browser.Render<RunsPage>();

        foreach (var id in ids)
            await page.Find($"input[aria-label='Compare {id}']").ChangeAsync(true);
        await page.Find("fluent-button").ClickAsync();

        var address = $"/ui/compare?{string.Join('&', ids.Order(StringComparer.Ordinal).Select(id => $"run={id}"))}";
        page.WaitForAssertion(
            () => Assert.EndsWith(address, _browser.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal), Waiting.Limit);
    }

    [Fact]
    public async Task RunsPage_ManyRuns_ShowsAllStepByStep()
    {
        var folder = Directory.CreateTempSubdirectory("orchestrator-").FullName;
        for (var second = 0; second < 300; second++)
            Store(second, Path.Combine(folder, "data", "runs", $"20260101-{second:000000}-ab12"));
        await using var served = await ServedOrchestrator.StartAsync(folder);
        await using var browser = BrowserOf(served);
        var page = browser.Render<RunsPage>();
        Assert.Equal(100, page.FindAll("tbody tr").Count);
        Assert.Contains("20260101-000299-ab12", page.Find("tbody tr").TextContent, StringComparison.Ordinal);

        await page.Find("fluent-button").ClickAsync();
        await page.Find("fluent-button").ClickAsync();

        Assert.Contains("20260101-000000-ab12", page.FindAll("tbody tr")[299].TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("fluent-button"));
    }

    [Fact]
    public async Task RunsPage_NewRunThatWaitsForItsTurn_IsShownAtOnce()
    {
        await using var served = await ServedOrchestrator.StartAsync(
            configure: services => services.Configure<CoordinatorOptions>(options => options.MaxActiveRuns = 1));
        await using var browser = BrowserOf(served);
        var runs = served.Services.GetRequiredService<RunService>();
        var settings = new RunSettings { Input = Path.Combine(served.Folder, "in.ndjson") };
        runs.Create(settings);
        // From here on nothing changes the run that has its turn.
        await served.Stages.NextAsync();
        var page = browser.Render<RunsPage>();
        Assert.Single(page.FindAll("tbody tr"));

        runs.Create(settings);

        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll("tbody tr").Count), Waiting.Limit);
    }

    [Fact]
    public async Task Compare_RunsThatCompleteLater_ShowsTheirStatesAndResults()
    {
        var runs = new[] { NewRun(), NewRun() };
        _browser.Services.GetRequiredService<NavigationManager>().NavigateTo($"/ui/compare?run={runs[0].Id}&run={runs[1].Id}");
        var page = _browser.Render<Compare>();
        page.WaitForAssertion(() => Assert.Contains("has no results", page.Markup, StringComparison.Ordinal), Waiting.Limit);

        // The attempts of two runs open in any order.
        foreach (var run in runs)
            await File.WriteAllTextAsync(run.Output, "{}\n");
        (await _served.Stages.NextAsync()).Opens().Completes();
        (await _served.Stages.NextAsync()).Opens().Completes();

        page.WaitForAssertion(
            () =>
            {
                Assert.Equal(2, page.FindAll("#comparison fluent-badge").Count(badge => badge.TextContent.Contains("completed", StringComparison.Ordinal)));
                Assert.Contains("have the same results: 1 line.", page.Markup, StringComparison.Ordinal);
            },
            Waiting.Limit);
    }

    [Fact]
    public async Task Compare_ResultsThatWereReplaced_NamesTheirRun()
    {
        var first = NewRun();
        await File.WriteAllTextAsync(first.Output, "{}\n");
        await CompleteAsync();
        var second = NewRun();
        await File.WriteAllTextAsync(second.Output, "{}\n");
        await CompleteAsync();
        await File.WriteAllTextAsync(first.Output, "{ }\n");
        _browser.Services.GetRequiredService<NavigationManager>().NavigateTo($"/ui/compare?run={first.Id}&run={second.Id}");

        var page = _browser.Render<Compare>();

        page.WaitForAssertion(
            () => Assert.Contains(
                $"{second.Id} cannot be compared with {first.Id}: {first.Id} has no results, or they were changed since",
                page.Markup,
                StringComparison.Ordinal),
            Waiting.Limit);

        async Task CompleteAsync()
        {
            (await _served.Stages.NextAsync()).Opens().Completes();
            await foreach (var _ in Runs.Changes.ReadAllAsync(CancellationToken.None))
            {
                if (Runs.List()[0].State == RunState.Completed)
                    break;
            }
        }
    }

    [Theory]
    [InlineData(999_999, null)]
    [InlineData(1_000_000, "/in0")]
    public async Task Compare_RunsOfBefore_OffersTheNewestInputThatIsLongEnough(long linesOfTheOldest, string? input)
    {
        var folder = Directory.CreateTempSubdirectory("orchestrator-").FullName;
        foreach (var (second, state, lines) in (IEnumerable<(int, RunState, long)>)
            [(0, RunState.Completed, linesOfTheOldest), (1, RunState.Completed, 5), (2, RunState.Failed, 5_000_000)])
        {
            Store(
                second, Path.Combine(folder, "data", "runs", $"20260101-00000{second}-ab12"),
                run => run with { State = state, Input = $"/in{second}", Counts = new RunCounts { Lines = lines } });
        }

        await using var served = await ServedOrchestrator.StartAsync(folder);
        await using var browser = BrowserOf(served);

        var page = browser.Render<Compare>();

        Assert.Equal(input, page.FindComponent<FluentTextInput>().Instance.Value);
    }

    [Fact]
    public async Task Compare_RunsOfOtherSettingsAndAttempts_ShowsWhatDiffersAndWhyThereIsNoSpeed()
    {
        const string Killed = "20260101-000000-ab12", Quick = "20260101-000001-ab12";
        var folder = Directory.CreateTempSubdirectory("orchestrator-").FullName;
        Run Completed(Run run) => run with { State = RunState.Completed, Attempts = 1, ElapsedMicros = 2_000_000, Counts = new RunCounts { Lines = 5_000 } };
        Store(
            0, Path.Combine(folder, "data", "runs", Killed),
            run => Completed(run) with { Attempts = 3, Options = run.Options with { Rate = 4_000, Rules = "{\n}", GroupBy = ["user", "type"] } });
        Store(1, Path.Combine(folder, "data", "runs", Quick), Completed);
        await using var served = await ServedOrchestrator.StartAsync(folder);
        await using var browser = BrowserOf(served);
        browser.Services.GetRequiredService<NavigationManager>().NavigateTo($"/ui/compare?run={Killed}&run={Quick}&run=nope");

        var page = browser.Render<Compare>();

        var rows = page.FindAll("#comparison tbody tr").Select(row => string.Join('|', row.Children.Select(cell => cell.TextContent.Trim()))).ToList();
        Assert.Equal(
            ["Rate|4,000 lines/s|no limit", "Rules|{\n}|default", "Group by|user, type|type"],
            rows[1..4]);
        Assert.StartsWith("Lines|", rows[4], StringComparison.Ordinal);
        Assert.Contains("Lines/s|several attempts|2.50 k", rows);
        Assert.Contains("it has no lines/s and no bar", page.Markup, StringComparison.Ordinal);
        Assert.Equal("There is no run nope.", page.Find("[role=alert]").TextContent);
    }

    [Theory]
    [InlineData(999_999, true)]
    [InlineData(1_000_000, false)]
    public void Compare_DemonstrationOverAShortInput_SaysSoInPlaceOfItsChart(long lines, bool isShort)
    {
        var run = NewRun() with { State = RunState.Completed, Counts = new RunCounts { Lines = lines } };
        _served.Services.GetRequiredService<Demonstration>().State.Change(_ => new("/in", [new("batch 1", 1) { Run = run }], IsRunning: false));

        var page = _browser.Render<Compare>();

        Assert.Equal(isShort, page.Markup.Contains("The input is too short for a comparison", StringComparison.Ordinal));
        Assert.Equal(isShort ? 0 : 1, page.FindComponents<Chart>().Count);
    }

    [Fact]
    public async Task RunPageAndCompare_RunWhoseCpuTimeIsNotKnown_SaySo()
    {
        const string Id = "20260101-000000-ab12";
        var folder = Directory.CreateTempSubdirectory("orchestrator-").FullName;
        Store(
            0, Path.Combine(folder, "data", "runs", Id),
            run => run with
            {
                Stages = [new StageFigures { InstanceId = "2 instances", Role = "parse", ProcessingMicros = 1, ProcessPeakRssBytes = 1 << 20 }],
            });
        await using var served = await ServedOrchestrator.StartAsync(folder);
        await using var browser = BrowserOf(served);
        browser.Services.GetRequiredService<NavigationManager>().NavigateTo($"/ui/compare?run={Id}");

        var comparison = browser.Render<Compare>();
        var page = browser.Render<RunPage>(parameters => parameters.Add(shown => shown.Id, Id));

        var rows = comparison.FindAll("#comparison tr").Select(row => row.TextContent.Trim())
            .Where(text => text.Contains("CPU", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, row => Assert.EndsWith("unknown", row, StringComparison.Ordinal));
        Assert.Single(page.FindAll("td"), cell => cell.TextContent == "unknown");
    }

    [Fact]
    public async Task PathPicker_RootThatIsALink_UpLeadsBackToTheRoots()
    {
        var root = Path.Combine(_served.Folder, "root");
        Directory.CreateDirectory(Path.Combine(_served.Folder, "target", "sub"));
        Directory.CreateSymbolicLink(root, Path.Combine(_served.Folder, "target"));
        await using var browser = BrowserOf(_served, new RootFolders(
            new ConfigurationBuilder().AddInMemoryCollection([new(RootedPath.RootsVariable, root)]).Build()));
        var page = browser.Render<PathPicker>();
        var roots = page.FindAll("li").Count;

        await ClickAsync("target");
        await ClickAsync("sub/");
        await ClickAsync("Up");
        Assert.Contains("sub/", page.Markup, StringComparison.Ordinal);
        await ClickAsync("Up");

        Assert.Equal(roots, page.FindAll("li").Count);
        Assert.Empty(page.FindAll("[role=alert]"));

        Task ClickAsync(string end) => page.FindAll("button").Single(button => button.TextContent.EndsWith(end, StringComparison.Ordinal)).ClickAsync();
    }

    [Fact]
    public void RunPage_RunThatBecomesKnownLater_IsShown()
    {
        const string Id = "20260101-000000-ab12";
        var page = _browser.Render<RunPage>(parameters => parameters.Add(shown => shown.Id, Id));
        Assert.Contains("There is no such run", page.Markup, StringComparison.Ordinal);

        Store(0, Path.Combine(_served.Folder, "data", "runs", Id), run => run with { Options = run.Options with { Partitions = 2 } });
        Runs.Refresh();

        page.WaitForAssertion(() => Assert.DoesNotContain("There is no such run", page.Markup, StringComparison.Ordinal), Waiting.Limit);
    }

    [Theory]
    [InlineData(0, false, "from the beginning")]
    [InlineData(3, false, "from checkpoint 3.")]
    [InlineData(0, true, "with the slices that are not completed")]
    public async Task RunPage_RunWhoseOrchestratorDied_SaysWhyAndWhereItGoesOn(long checkpoint, bool isPartitioned, string whence)
    {
        await using var known = await RunPageOfAsync(run => run with
        {
            State = RunState.Running,
            Progress = new RunProgress { Checkpoint = checkpoint },
            Slices = isPartitioned ? [new SliceState { Part = "bytes 0 to 1", State = RunState.Running }] : [],
        });

        var message = known.Page.Find("fluent-message-bar").TextContent;
        Assert.Contains("Its orchestrator stopped or died.", message, StringComparison.Ordinal);
        Assert.Contains(whence, message, StringComparison.Ordinal);
        Assert.Equal(!isPartitioned, known.Page.FindAll("dt").Any(fact => fact.TextContent == "Checkpoint"));
    }

    [Theory]
    [InlineData(FailureReasons.InputUnreadable, false, "repair the input, then resume the run.")]
    [InlineData(FailureReasons.InputCorrupt, false, "repair the input, and start a new run.")]
    [InlineData(FailureReasons.InputChanged, false, "or, once the input is as it was, resume the run.")]
    [InlineData(FailureReasons.NoProgress, true, "why")]
    public async Task RunPage_FailedRun_ResumeIsItsMainButtonUnlessItsInputMustBeRepaired(string reason, bool isMain, string advice)
    {
        await using var known = await RunPageOfAsync(run => run with { State = RunState.Failed, Error = new RunError(reason, "why") });

        var resume = known.Page.FindComponents<FluentButton>().Single(button => button.Markup.Contains("Resume", StringComparison.Ordinal));
        Assert.Equal(isMain, resume.Instance.Appearance == ButtonAppearance.Primary);
        Assert.EndsWith(advice, known.Page.Find("fluent-message-bar").TextContent.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PipelineAndRunPage_StageThatTellsNoTimes_ShowNoneOfIt()
    {
        var stage = new StageFigures { InstanceId = "", Role = "", ItemsIn = 1, ItemsOut = 1, ProcessCpuMicros = 1, ProcessPeakRssBytes = 1 };
        await using var known = await RunPageOfAsync(run => run with
        {
            State = RunState.Completed,
            Counts = new RunCounts { Lines = 1 },
            ElapsedMicros = 1_000_000,
            Stages =
            [
                stage with { InstanceId = "parse-0", Role = "parse", BytesOut = 10, ProcessingMicros = 1 },
                stage with { InstanceId = "rules-0", Role = "rules" },
            ],
        });

        var pipeline = known.Browser.Render<PipelinePage>();

        pipeline.WaitForAssertion(() => Assert.Contains("1 line;", pipeline.Markup, StringComparison.Ordinal), Waiting.Limit);
        Assert.Contains("works 100 %", pipeline.Find("#stage-parse").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("works", pipeline.Find("#stage-rules").TextContent, StringComparison.Ordinal);
        var edge = pipeline.FindAll(".edge").Single(edge => edge.NextElementSibling!.Id == "stage-aggregate");
        Assert.Equal("1/s", edge.TextContent.Trim());
        Assert.False(edge.HasAttribute("title"));
        Assert.DoesNotContain("●", pipeline.Markup, StringComparison.Ordinal);
        // Bytes and three times.
        Assert.Equal(4, known.Page.FindAll("td").Count(cell => cell.TextContent == "unknown"));
    }

    [Fact]
    public async Task RunPage_RunThatIsPaused_OffersToResumeIt()
    {
        var run = NewRun();
        var page = _browser.Render<RunPage>(parameters => parameters.Add(shown => shown.Id, run.Id));
        var attempt = (await _served.Stages.NextAsync()).Opens();
        page.WaitForAssertion(() => Assert.Contains("running", page.Markup, StringComparison.Ordinal));

        await page.FindAll("fluent-button").Single(button => button.TextContent.Trim() == "Pause").ClickAsync();
        await attempt.DrainRequested;
        attempt.Completes(drained: true);

        page.WaitForAssertion(() => Assert.Contains(page.FindAll("fluent-button"), button => button.TextContent.Trim() == "Resume"), Waiting.Limit);
        Assert.DoesNotContain(page.FindAll("fluent-button"), button => button.TextContent.Trim() == "Pause");
    }

    [Fact]
    public async Task ResultsView_ResultsThatAreBack_AreShownWhenTriedAgain()
    {
        var path = Path.Combine(_served.Folder, "results.ndjson");
        await File.WriteAllTextAsync(path, """{"key":"click","count":2,"sum":3,"avg":1.5}""");
        var run = NewRun() with { Output = path, Written = [WrittenFile.Read(path)!] };
        File.Move(path, path + ".away");
        var view = _browser.Render<ResultsView>(parameters => parameters.Add(shown => shown.Run, run));
        view.WaitForAssertion(() => Assert.Contains("not there any more", view.Markup, StringComparison.Ordinal), Waiting.Limit);

        File.Move(path + ".away", path);
        await view.FindAll("fluent-button").Single(button => button.TextContent.Trim() == "Try again").ClickAsync();

        view.WaitForAssertion(() => Assert.Contains("click", view.Find("#results").TextContent, StringComparison.Ordinal), Waiting.Limit);
    }

    [Fact]
    public async Task ResultsView_OneOfEach_IsToldInTheSingular()
    {
        var path = Path.Combine(_served.Folder, "results.ndjson");
        await File.WriteAllLinesAsync(path, ["""{"workItemId":"w"}""", """{"key":"click","count":1,"sum":1,"avg":1}"""]);
        await File.WriteAllTextAsync(path + ".rejects", """{"line":1,"offset":0,"reason":"invalid_json","raw":"x"}""");
        var run = NewRun() with
        {
            Output = path, Rejects = path + ".rejects", Written = [WrittenFile.Read(path)!, WrittenFile.Read(path + ".rejects")!],
            Options = new RunSettings { GroupBy = ["user", "type"] },
        };

        var view = _browser.Render<ResultsView>(parameters => parameters.Add(shown => shown.Run, run));

        view.WaitForAssertion(
            () =>
            {
                Assert.Equal("1 group; the file has 1 work item, too", view.Find("p[role=status]").TextContent);
                Assert.Equal("invalid_json: 1 line", view.Find("summary").TextContent);
                Assert.Equal("user, type", view.Find("#results th").TextContent);
            },
            Waiting.Limit);
    }

    [Fact]
    public void PipelinePage_StageThatDeparts_IsShownAsMissing()
    {
        var page = _browser.Render<PipelinePage>();
        Assert.Empty(page.FindAll(".stage.missing"));

        _served.Registry.Remove("rules-0");

        page.WaitForAssertion(() => Assert.Equal("stage-rules", Assert.Single(page.FindAll(".stage.missing")).Id), Waiting.Limit);
    }

    [Fact]
    public async Task RunPage_SettingsOfTheRun_AreShownWhereTheyAreNotTheDefault()
    {
        await using var known = await RunPageOfAsync(
            run => run with { State = RunState.Completed, Options = run.Options with { BatchSize = 10, GroupBy = ["user", "type"] } });

        var facts = known.Page.FindAll("dl.paths dt").Select(name => $"{name.TextContent}: {name.NextElementSibling!.TextContent}").ToList();

        Assert.Contains("Batch size: 10", facts);
        Assert.Contains("Group by: user, type", facts);
        Assert.DoesNotContain(facts, fact => fact.StartsWith("Rate", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunPage_Delete_AsksFirstAndLeadsToTheOtherRuns()
    {
        await using var known = await RunPageOfAsync(run => run with { State = RunState.Completed, Options = run.Options with { Output = null } });
        var runs = known.Served.Services.GetRequiredService<RunService>();

        await ClickAsync("Delete ...");
        Assert.Contains("with the results in it", known.Page.Find("[role=alert]").TextContent, StringComparison.Ordinal);
        await ClickAsync("Keep");
        Assert.Single(runs.List());
        await ClickAsync("Delete ...");
        await ClickAsync("Delete");

        known.Page.WaitForAssertion(() => Assert.EndsWith(
            "/ui/runs", known.Browser.Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal), Waiting.Limit);
        Assert.Empty(runs.List());

        Task ClickAsync(string text) => known.Page.FindAll("fluent-button").Single(button => button.TextContent.Trim() == text).ClickAsync();
    }

    [Fact]
    public void PipelinePage_ProcessThatDoesNotAnswer_IsShownAsMissingBeforeItsLeaseEnds()
    {
        var page = _browser.Render<PipelinePage>();
        var probe = (FakeProbe)_served.Services.GetRequiredService<IHealthProbe>();

        probe.Silent[_served.Registry.Current.Value.Instances["rules-0"].Address] = true;

        page.WaitForAssertion(
            () => Assert.Contains("does not answer", page.Find("#stage-rules.missing").TextContent, StringComparison.Ordinal), Waiting.Limit);
        Assert.Single(page.FindAll(".stage.missing"));

        probe.Silent.Clear();

        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".stage.missing")), Waiting.Limit);
    }

    private static BunitContext BrowserOf(ServedOrchestrator served, RootFolders? roots = null)
    {
        var browser = new BunitContext();
        browser.JSInterop.Mode = JSRuntimeMode.Loose;
        browser.Services.AddFluentUIComponents();
        browser.Services.AddFallbackServiceProvider(served.Services);
        if (roots is not null)
            browser.Services.AddSingleton(roots);
        browser.SetRendererInfo(new RendererInfo("Server", isInteractive: true));
        return browser;
    }

    // The page of a run that an earlier orchestrator has left.
    private static async Task<KnownRun> RunPageOfAsync(Func<Run, Run> change)
    {
        const string Id = "20260101-000000-ab12";
        var folder = Directory.CreateTempSubdirectory("orchestrator-").FullName;
        Store(0, Path.Combine(folder, "data", "runs", Id), change);
        var served = await ServedOrchestrator.StartAsync(folder);
        var browser = BrowserOf(served);
        return new(served, browser, browser.Render<RunPage>(parameters => parameters.Add(shown => shown.Id, Id)));
    }

    private static void Store(int second, string folder, Func<Run, Run>? change = null)
    {
        var time = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddSeconds(second);
        var run = SampleRun.New(Path.GetFileName(folder), RunState.Cancelled, time);
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(RunStateFile.PathIn(folder), JsonSerializer.SerializeToUtf8Bytes(change?.Invoke(run) ?? run, RunJson.Default.Run));
    }

    private static Task TypeAsync(IRenderedComponent<NewRun> page, string label, string text) =>
        page.InvokeAsync(() => Field(page, label).Instance.ValueChanged.InvokeAsync(text));

    private static Task UploadAsync(IRenderedComponent<NewRun> page, SentFile file) =>
        page.InvokeAsync(() => page.FindComponent<InputFile>().Instance.OnChange.InvokeAsync(new InputFileChangeEventArgs([file])));

    private static IRenderedComponent<FluentTextInput> Field(IRenderedComponent<NewRun> page, string label) =>
        page.FindComponents<FluentTextInput>().Single(field => field.Instance.Label == label);

    private Run NewRun() => Runs.Create(new RunSettings { Input = Path.Combine(_served.Folder, "in.ndjson"), BatchSize = 123, AllowedTypes = ["click"] });

    private sealed record KnownRun(ServedOrchestrator Served, BunitContext Browser, IRenderedComponent<RunPage> Page) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Browser.DisposeAsync();
            await Served.DisposeAsync();
        }
    }
}
