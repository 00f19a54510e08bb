using System.Text.RegularExpressions;
using Aspire.Hosting.Testing;
using Microsoft.Playwright;
using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Dashboard;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Faults;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Tests.Page;

/// <summary>What a person sees and does on the orchestrator's page.</summary>
[Collection(PipelineCollection.Name)]
public sealed class PageTests(PipelineFixture fixture, PageFixture browser) : IClassFixture<PageFixture>
{
    private static readonly Regex RunAddress = new("/ui/runs/[0-9]");

    private PipelineUnderTest Pipeline => fixture.Pipeline;

    private Uri Address => Pipeline.Host.Application.GetEndpoint("orchestrator", "http");

    [BrowserFact]
    public async Task Login_GoodBadAndUsedLink_OpenThePageOrSayWhyNot()
    {
        await using var page = await OpenPage.OpenAsync(browser.Browser, Address, "/ui/runs");
        await Expect(page.Field("Token")).ToBeVisibleAsync();
        Assert.Empty(await page.FindBarriersAsync());

        await page.Field("Token").FillAsync("wrong");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Expect(page.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("This token is not of the pipeline");

        await page.Field("Token").FillAsync(PageLogin.TokenOf(AppHostUnderTest.Key));
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Log in" }).ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(new Regex("/ui/runs$"));

        foreach (var _ in (int[])[1, 2])
        {
            await using var link = await OpenAsync("/");
            await Expect(link.Page.Locator(".stage")).ToHaveCountAsync(PipelineUnderTest.Stages.Count);
            Assert.DoesNotContain(PageLogin.TokenOf(AppHostUnderTest.Key), link.Page.Url + await link.Page.ContentAsync(), StringComparison.Ordinal);
            Assert.Empty(link.Errors);
        }
    }

    [BrowserFact]
    public async Task Run_FromFormToBarChart_IsShown()
    {
        var input = NewInput("page-run", 2_000, badShare: 0.01);
        await using var page = await OpenAsync("/ui/new");
        await page.Page.GetByText("Browse").ClickAsync();
        await page.Page.Locator(".picker button").Filter(new() { HasText = Pipeline.Host.Data }).First.ClickAsync();
        await page.Page.Locator(".picker button").Filter(new() { HasTextRegex = new Regex("^page-run/$") }).ClickAsync();
        await page.Page.Locator(".picker button").Filter(new() { HasTextRegex = new Regex("^input.ndjson$") }).ClickAsync();
        await Expect(page.Field("Input")).ToHaveValueAsync(input);
        await page.ShootAsync("new");
        await page.TypeAsync("Partitions", "some");
        await page.Button("Start").ClickAsync();
        await Expect(page.Page.GetByText("must be a whole number from 1 to 4096, auto, or empty for 1")).ToBeVisibleAsync();
        await page.TypeAsync("Partitions", "2");
        await page.Button("Start").ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(RunAddress);

        await Expect(page.Page.Locator("#results tbody tr").First).ToBeVisibleAsync();
        await Expect(page.Page.Locator("#slices tbody tr")).ToHaveCountAsync(2);
        await Expect(page.Page.Locator(".chart svg").First).ToBeVisibleAsync();
        await page.Page.GetByText("invalid_json").First.ClickAsync();
        await Expect(page.Page.Locator(".rejects li").First).ToBeVisibleAsync();
        await page.TypeAsync("Search keys", "no such key");
        await Expect(page.Page.Locator("#results")).ToHaveCountAsync(0);
        await page.TypeAsync("Search keys", "");
        await Expect(page.Page.Locator("#results tbody tr").First).ToBeVisibleAsync();

        var run = await Pipeline.Api.GetAsync(page.Page.Url.Split('/')[^1]);
        var download = await page.Page.RunAndWaitForDownloadAsync(() => page.Page.GetByText("Download results").ClickAsync());
        Assert.Equal(await File.ReadAllBytesAsync(run.Output), await File.ReadAllBytesAsync(await download.PathAsync()));
        Assert.Empty(page.Errors);
        await page.ShootAsync("run");
    }

    [BrowserFact]
    public async Task Rules_WithMistakes_AreMarkedWhileTheyAreTyped()
    {
        await Pipeline.WaitForStagesAsync();
        await using var page = await OpenAsync("/ui/new");

        await page.TypeAsync("Rules", "{ \"rules\": [\n { \"drop\": \"typ == 'view'\" } ] }");

        await Expect(page.Page.Locator("#rule-errors li")).ToContainTextAsync("line 2, column 13: unknown column 'typ'");
        await Expect(page.Page.Locator("#rule-errors code")).ToContainTextAsync("\u25B6typ");
        await page.TypeAsync("Rules", "{ \"rules\": [\n { \"drop\": \"type == 'view'\" } ] }");
        await Expect(page.Page.Locator("#rule-errors li")).ToHaveCountAsync(0);
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Upload_File_BecomesTheInput()
    {
        await using var page = await OpenAsync("/ui/new");
        await page.Page.GetByText("Upload").ClickAsync();

        await page.Page.Locator("input[type=file]").SetInputFilesAsync(NewInput("page-upload", 5_000, badShare: 0));

        await Expect(page.Field("Input")).ToHaveValueAsync(new Regex("uploads.input(-[0-9]+)?[.]ndjson$"));
        await page.Button("Start").ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(RunAddress);
        await Expect(page.Page.Locator("#lines")).ToHaveTextAsync("5,000");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Kill_OnThePage_IsSeenAsTheNextAttemptWithTheSameResults()
    {
        await using var page = await OpenAsync("/ui/faults");
        await using var watching = await OpenAsync("/ui/runs");
        var row = page.Page.Locator("#processes tr").Filter(new() { HasText = "parse" });
        // The run lasts some seconds only, which a browser may need for its first page.
        var (run, reference) = await Pipeline.StartPacedAsync("page-kill");
        await watching.GoAsync($"/ui/runs/{run.Id}");

        await row.Locator("fluent-button").Filter(new() { HasText = "Kill" }).ClickAsync();

        await Expect(page.Page.GetByRole(AriaRole.Status)).ToHaveTextAsync(new Regex("^parse .* was killed, "));
        await Expect(page.Page.Locator("#incidents")).ToContainTextAsync("killed");
        await Expect(watching.Page.Locator("#attempts")).ToHaveTextAsync("2");
        await Expect(watching.Page.Locator("#history")).ToContainTextAsync("unreachable");
        await Expect(page.Page.Locator("#incidents")).ToContainTextAsync("attempt 2 began");
        await page.ShootAsync("faults");
        await watching.GoAsync("/");
        await Expect(watching.Page.Locator(".edge").First).ToContainTextAsync("waits");
        await watching.ShootAsync("pipeline");
        reference.Check(await Pipeline.RestAsync(run));
        Assert.Empty(page.Errors);
        Assert.Empty(watching.Errors);
    }

    [BrowserFact]
    public async Task PauseAndResume_OnThePage_GoOnFromTheCheckpoint()
    {
        await using var page = await OpenAsync("/ui/runs");
        var (run, reference) = await Pipeline.StartPacedAsync("page-pause");
        await page.GoAsync($"/ui/runs/{run.Id}");

        await page.Button("Pause").ClickAsync();
        await page.Button("Resume").ClickAsync();

        await Expect(page.Page.Locator("#attempts")).ToHaveTextAsync("2");
        reference.Check(await Pipeline.RestAsync(await Pipeline.Api.GetAsync(run.Id)));
        await Expect(page.Page.Locator("#results tbody tr").First).ToBeVisibleAsync();
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Compare_RunsOfOtherInputs_TellsWhereTheirResultsDiffer()
    {
        var first = await Pipeline.RunAsync(new RunSettings { Input = NewInput("page-compare-1", 1_000, badShare: 0), BatchSize = 10 });
        var second = await Pipeline.RunAsync(new RunSettings { Input = first.Input });
        var other = await Pipeline.RunAsync(new RunSettings { Input = NewInput("page-compare-2", 1_500, badShare: 0) });
        await using var page = await OpenAsync("/ui/runs");
        foreach (var run in new[] { first, second, other })
            await page.Page.GetByLabel($"Compare {run.Id}").CheckAsync();

        await page.Button("Compare 3 runs").ClickAsync();

        await Expect(page.Page.GetByText("have the same results")).ToHaveCountAsync(1);
        await Expect(page.Page.GetByText("differ:")).ToHaveCountAsync(1);
        await Expect(page.Page.Locator("#comparison")).ToContainTextAsync("CPU of parse");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Demonstration_OverAnInput_ComparesBatchSizesAndOneProcess()
    {
        await using var page = await OpenAsync("/ui/compare");
        // The picture shows an input that is long enough for the figures to mean something.
        var lines = TestBrowser.ScreenshotFolder is null ? 5_000 : 2_000_000;
        await page.Field("Input").FillAsync(NewInput("page-demonstration", lines, badShare: 0));

        await page.Button("Start").ClickAsync();

        await Expect(page.Page.Locator("#demonstration tbody tr").Filter(new() { HasText = "completed" })).ToHaveCountAsync(6);
        await Expect(page.Button("Start")).ToBeVisibleAsync();
        await page.ShootAsync("compare");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task OrchestratorKilled_UnderAnOpenPage_ReconnectsAndIsRightAgain()
    {
        await using var page = await OpenAsync("/ui/runs");
        await using var typing = await OpenAsync("/ui/new");
        await typing.TypeAsync("Group by", "user");
        await typing.Page.WaitForFunctionAsync("() => sessionStorage.length > 0");
        await typing.Page.EvaluateAsync("window.isBefore = true");
        await using var loggedOut = await OpenAsync("/ui/faults");
        await loggedOut.Page.Context.ClearCookiesAsync();
        var killed = Pipeline.Host.ProcessOf("orchestrator");
        ServiceProcesses.Kill(killed);
        await Pipeline.Host.WaitForAsync("orchestrator", change => change.Snapshot.Properties.Any(
            property => property is { Name: "executable.pid", Value: int process } && process != killed));
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        await Pipeline.Api.WaitUntilUpAsync(TimeProvider.System, _ => { }, timeout.Token);
        var run = await Pipeline.RunAsync(new RunSettings { Input = NewInput("page-restart", 100, badShare: 0) });

        await Expect(page.Page.Locator("main:not([inert]) table")).ToContainTextAsync(run.Id);
        await typing.Page.WaitForFunctionAsync("() => !window.isBefore");
        await Expect(typing.Field("Group by")).ToHaveValueAsync("user");
        await Expect(loggedOut.Field("Token")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Pipeline_WhenItBecomesInteractive_KeepsItsStagesInSight()
    {
        await using var page = await OpenAsync("/ui/runs");
        await page.Page.AddInitScriptAsync("""
            new MutationObserver(() => {
              const isThere = document.querySelector('.route .stage') !== null;
              window.hasLost ||= window.wasThere && !isThere;
              window.wasThere ||= isThere;
            }).observe(document, { childList: true, subtree: true });
            """);

        await page.GoAsync("/");

        Assert.True(await page.Page.EvaluateAsync<bool>("window.wasThere"));
        Assert.False(await page.Page.EvaluateAsync<bool>("window.hasLost ?? false"));
    }

    [BrowserFact]
    public async Task NewRun_TypedAndLeft_HasItUntilItIsResetOrStarted()
    {
        const string rules = "{ \"rules\": [ { \"drop\": \"type == 'view'\" } ] }";
        await using var page = await OpenAsync("/ui/new");
        await page.TypeAsync("Rules", rules);
        await page.Page.WaitForFunctionAsync("() => sessionStorage.length > 0");

        await page.GoAsync("/ui/runs");
        await page.GoAsync("/ui/new");

        await Expect(page.Field("Rules")).ToHaveValueAsync(rules);
        await page.Button("Reset").ClickAsync();
        await Expect(page.Field("Rules")).ToHaveValueAsync("");
        await page.TypeAsync("Input", NewInput("page-typed", 100, badShare: 0));
        await page.Button("Start").ClickAsync();
        await Expect(page.Page).ToHaveURLAsync(RunAddress);
        await page.GoAsync("/ui/new");
        await Expect(page.Field("Input")).ToHaveValueAsync("");
        await Expect(page.Field("Rules")).ToHaveValueAsync("");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Pages_WideAndNarrow_AreAccessibleAndLogNoError()
    {
        var run = await Pipeline.RunAsync(new RunSettings { Input = NewInput("page-axe", 1_000, badShare: 0.05) });
        var barriers = new List<string>();
        foreach (var width in (int[])[1_200, 400])
        {
            await using var page = await OpenAsync("/", width);
            foreach (var path in (string[])[
                "/", "/ui/new", "/ui/runs", $"/ui/runs/{run.Id}", $"/ui/compare?run={run.Id}&run={run.Id}", "/ui/faults", "/ui/nothing"])
            {
                await page.GoAsync(path);
                if (path.StartsWith("/ui/runs/", StringComparison.Ordinal))
                    await Expect(page.Page.Locator("#results")).ToBeVisibleAsync();
                foreach (var theme in (string[])["light", "dark"])
                {
                    barriers.AddRange((await page.FindBarriersAsync()).Select(found => $"{path}, {theme}, {width}: {found}"));
                    await page.Page.Locator("fluent-button").Filter(new() { HasText = "Theme" }).ClickAsync();
                }

                var overflow = await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
                if (overflow > 0)
                    barriers.Add($"{path} is {overflow} pixels wider than a window of {width}");
            }

            // Browsers log the status of the page that is not there.
            Assert.Contains("/ui/nothing", Assert.Single(page.Errors), StringComparison.Ordinal);
        }

        Assert.True(barriers.Count == 0, string.Join('\n', barriers));
    }

    [BrowserFact]
    public async Task Pages_WithTheTabKeyAlone_ReachEveryControl()
    {
        var run = await Pipeline.RunAsync(new RunSettings { Input = NewInput("page-tab", 1_000, badShare: 0.05) });
        await using var page = await OpenAsync("/");
        foreach (var path in (string[])["/", "/ui/new", "/ui/runs", $"/ui/runs/{run.Id}", "/ui/compare", "/ui/faults"])
        {
            await page.GoAsync(path);
            if (path.StartsWith("/ui/runs/", StringComparison.Ordinal))
                await Expect(page.Page.Locator("#results")).ToBeVisibleAsync();

            var unreachable = await page.FindUnreachableAsync();
            Assert.True(unreachable.Length == 0, $"{path}:\n{string.Join('\n', unreachable)}");
        }
    }

    [BrowserFact]
    public async Task Run_StartedFromTheKeyboard_Completes()
    {
        await using var page = await OpenAsync("/ui/new");
        await page.Field("Input").FocusAsync();
        await page.Page.Keyboard.TypeAsync(NewInput("page-keyboard", 1_000, badShare: 0));

        await page.TabToAsync("Start");
        await page.Page.Keyboard.PressAsync("Enter");

        await Expect(page.Page).ToHaveURLAsync(RunAddress);
        await Expect(page.Page.Locator("#results tbody tr").First).ToBeVisibleAsync();
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task NewRun_EnterRightAfterThePathWasPasted_Starts()
    {
        await using var page = await OpenAsync("/ui/new");
        await page.Field("Input").FocusAsync();

        await page.Page.Keyboard.InsertTextAsync(NewInput("page-enter", 1_000, badShare: 0));
        await page.Page.Keyboard.PressAsync("Enter");

        await Expect(page.Page).ToHaveURLAsync(RunAddress);
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Menu_LinkInANarrowWindow_LeavesThePageInSight()
    {
        await using var page = await OpenAsync("/", width: 390);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Menu" }).ClickAsync();
        var link = page.Page.GetByRole(AriaRole.Link, new() { Name = "Runs" });

        await link.ClickAsync();

        await Expect(page.Page).ToHaveURLAsync(new Regex("/ui/runs$"));
        await Expect(link).ToHaveCountAsync(0);
        // Nothing covers it.
        await page.Page.GetByRole(AriaRole.Link, new() { Name = "New run" }).ClickAsync();
        await Expect(page.Page.Locator("h1")).ToHaveTextAsync("New run");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Layout_WideAndNarrow_KeepsInSightAndInLineWhatBelongsTogether()
    {
        const string bottoms = "found => new Set(found.map(one => Math.round(one.getBoundingClientRect().bottom))).size";
        await using var page = await OpenAsync("/");
        await Expect(page.Page.Locator(".stage")).ToHaveCountAsync(PipelineUnderTest.Stages.Count);
        // One stage more than this pipeline has.
        await page.Page.Locator(".route").EvaluateAsync("route => route.append(...[...route.children].slice(1, 3).map(one => one.cloneNode(true)))");
        Assert.Equal(1, await page.Page.Locator(".stage").EvaluateAllAsync<int>(bottoms));
        await page.GoAsync("/ui/compare");
        Assert.Equal(1, await page.Page.Locator(".fields fluent-text-input, .fields > fluent-button").EvaluateAllAsync<int>(bottoms));
        await using var narrow = await OpenAsync("/ui/faults", width: 390);
        await Expect(narrow.Page.Locator("#processes tbody tr")).ToHaveCountAsync(PipelineUnderTest.Stages.Count);
        Assert.Equal(0, await narrow.Page.Locator(".scroll:has(#processes)").EvaluateAsync<int>("shown => shown.scrollWidth - shown.clientWidth"));
    }

    private async Task<OpenPage> OpenAsync(string path, int width = 1280)
    {
        var page = await OpenPage.OpenAsync(browser.Browser, Address, PageLogin.LinkOf(AppHostUnderTest.Key), width);
        // Asked again and again: WaitForURLAsync misses an address that is reached while it looks.
        await Expect(page.Page).ToHaveURLAsync(new Regex("/$"));
        await page.GoAsync(path);
        return page;
    }

    private string NewInput(string folder, int lines, double badShare)
    {
        var path = Path.Combine(Pipeline.Folder(folder), "input.ndjson");
        FaultBench.Write(path, lines, badShare);
        return path;
    }
}
