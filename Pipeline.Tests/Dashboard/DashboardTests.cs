using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.ServiceDefaults.Hosting;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.EndToEnd;
using Pipeline.Tests.Faults;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Tests.Dashboard;

/// <summary>
/// What a person sees and does in the dashboard. In this order: the first tests look at the demo run, the last ones make runs and kill.
/// </summary>
[Collection(DashboardCollection.Name)]
[TestCaseOrderer("Pipeline.Tests.Dashboard.DeclarationOrderer", "Pipeline.Tests")]
public sealed class DashboardTests(DashboardFixture fixture)
{
    private const int MaxSpansOfARun = 12;

    private PipelineUnderTest Pipeline => fixture.Pipeline;

    [BrowserFact]
    public async Task Resources_AfterDemoRun_AreRunningOrFinished()
    {
        await using var page = await fixture.OpenAsync("/");

        foreach (var service in (string[])["broker", "orchestrator", .. PipelineUnderTest.Stages])
            await Expect(page.State(service)).ToContainTextAsync("Running");
        foreach (var task in (string[])["sample", "run"])
            await Expect(page.State(task)).ToContainTextAsync("Finished");
        await page.ShootAsync("resources");
        Assert.Empty(page.Errors);
    }

    /// <summary>By this variable the AppHost finds the dashboard's process where DCP was killed, which would have ended it.</summary>
    [BrowserFact]
    public async Task Dashboard_WhenUp_HasTheMarkOfItsAppHost()
    {
        var dashboard = await Pipeline.Host.WaitForHealthyAsync("aspire-dashboard");

        Assert.Single(
            dashboard.Snapshot.EnvironmentVariables,
            variable => variable.Name == AppHostWatch.Variable && variable.Value!.EndsWith($":{Pipeline.Host.Data}", StringComparison.Ordinal));
    }

    [BrowserFact]
    public async Task Graph_AfterDemoRun_DrawsTheEdgesOfThePipeline()
    {
        string[] pipeline = ["orchestrator -> ingest", "ingest -> parse", "parse -> rules", "rules -> aggregate", "aggregate -> sink"];
        await using var page = await fixture.OpenAsync("/?view=Graph");
        await Expect(page.Edges.Nth(pipeline.Length - 1)).ToBeAttachedAsync();

        var edges = await page.ReadEdgesAsync();

        var ofStages = edges.Where(edge => edge.Split(" -> ").Intersect(PipelineUnderTest.Stages).Any());
        Assert.Equal(pipeline.Order(), ofStages.Order());
        await page.ShootAsync("graph");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Traces_AfterDemoRun_HoldOneTraceWithRunAttemptAndStages()
    {
        await using var page = await fixture.OpenAsync("/traces");
        await Expect(page.Traces.Filter(new() { HasText = "orchestrator: run" })).ToHaveCountAsync(1);

        await Expect(page.Traces).ToHaveCountAsync(1);
        await Expect(page.Traces).Not.ToHaveClassAsync(new Regex("error"));
        await page.Traces.ClickAsync();
        await Expect(page.Span("orchestrator: run")).ToHaveCountAsync(1);
        await Expect(page.Span("orchestrator: attempt")).ToHaveCountAsync(1);
        foreach (var stage in PipelineUnderTest.Stages)
            await Expect(page.SpansOf(stage)).ToHaveCountAsync(1);
        Assert.InRange(await page.Spans.CountAsync(), 1, MaxSpansOfARun);
        await page.ShootAsync("trace");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task StructuredLogs_AfterDemoRun_HoldNoWarningOrError()
    {
        await using var page = await fixture.OpenAsync("/structuredlogs");

        await Expect(page.Text("Showing|No structured logs")).ToBeVisibleAsync();

        Assert.Empty(await page.LoggedProblems.AllInnerTextsAsync());
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Pages_AfterDemoRun_ShowNoSecretAndLogNoError()
    {
        var parse = await Pipeline.Host.WaitForHealthyAsync("parse");
        var configuration = Pipeline.Host.Application.Services.GetRequiredService<IConfiguration>();
        string[] secrets =
        [
            AppHostUnderTest.Key,
            .. ((string[])["BrowserToken", "OtlpApiKey", "DashboardApiKey", "ResourceService:ApiKey"])
                .Select(name => configuration[$"AppHost:{name}"] ?? throw new InvalidOperationException($"there is no AppHost:{name}")),
        ];
        (string Path, string Content)[] pages =
        [
            ("/", "orchestrator"),
            ($"/?resource={parse.ResourceId}", "Environment variables"),
            ("/?view=Parameters", "pipeline-key"),
            ("/?view=Graph", "orchestrator"),
            ($"/consolelogs/resource/{parse.ResourceId}", "Starting process"),
            ("/structuredlogs", "Showing|No structured logs"),
            ("/traces", "orchestrator: run"),
            ("/metrics/resource/orchestrator", "pipeline"),
        ];
        await using var page = await fixture.OpenAsync("/");
        foreach (var (path, content) in pages)
        {
            await page.GoAsync(path);
            await Expect(page.Text(content)).ToBeVisibleAsync();

            var html = await page.ReadAsync();

            Assert.False(secrets.Any(secret => html.Contains(secret, StringComparison.Ordinal)), $"{path} shows a secret");
        }

        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Run_WrongInput_ShowsTheErrorAtTheInput()
    {
        await using var page = await fixture.OpenAsync("/");
        await page.ChooseAsync("orchestrator", "Run...");
        await page.FillAsync("Input", "/no/such/file");

        await page.Button("Run...").ClickAsync();

        await Expect(page.Field("Input")).ToContainTextAsync("there is no file or directory /no/such/file");
        await Expect(page.FieldErrors).ToHaveCountAsync(1);
        await page.ShootAsync("run-error");
        // The AppHost would ask again on every page that opens.
        await page.Button("Cancel").ClickAsync();
        await Expect(page.Dialog).ToHaveCountAsync(0);
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Run_RightInput_ShowsTheResultsAsATable()
    {
        var folder = Pipeline.Folder(nameof(Run_RightInput_ShowsTheResultsAsATable));
        var (input, output) = (Path.Combine(folder, "input.ndjson"), Path.Combine(folder, "results.ndjson"));
        FaultBench.Write(input, lines: 1_000, badShare: 0);
        await using var page = await fixture.OpenAsync("/");
        await page.ChooseAsync("orchestrator", "Run...");
        await page.FillAsync("Input", input);
        await page.FillAsync("Output", output);

        await page.Button("Run...").ClickAsync();

        await Expect(page.Dialog).ToContainTextAsync("completed");
        var rows = page.Dialog.Locator("table").Last.Locator("tr");
        await Expect(rows.First).ToContainTextAsync(new Regex(@"key\s*count\s*sum\s*avg"));
        var groups = File.ReadLines(output).Count(line => line.StartsWith("{\"key\"", StringComparison.Ordinal));
        await Expect(rows).ToHaveCountAsync(1 + groups);
        await page.ShootAsync("run-result");
        Assert.Empty(page.Errors);
    }

    [BrowserFact]
    public async Task Kill_ParseInTheMiddleOfARun_ShowsTheRestartAndBothAttempts()
    {
        await using var page = await fixture.OpenAsync("/");
        await page.ChooseAsync("parse", "Kill");
        await Expect(page.Dialog).ToContainTextAsync("Ends the process at once");
        var (run, reference) = await Pipeline.StartPacedAsync(nameof(Kill_ParseInTheMiddleOfARun_ShowsTheRestartAndBothAttempts));

        await page.Button("Yes").ClickAsync();

        await Expect(page.State("parse")).ToContainTextAsync(new Regex(@"Restart 1 of \d+ in 3 s"));
        await page.ShootAsync("restart");
        await Expect(page.State("parse")).ToContainTextAsync("Running");
        run = await Pipeline.RestAsync(run);
        reference.Check(run);
        Assert.Equal(2, run.Attempts);

        await page.GoAsync("/traces");
        await Expect(page.Traces).ToHaveCountAsync((await Pipeline.Api.ListAsync()).Count);
        await page.Traces.Last.ClickAsync();
        await Expect(page.Span("orchestrator: run")).ToHaveCountAsync(1);
        await Expect(page.Span("orchestrator: attempt")).ToHaveCountAsync(2);
        await page.ShootAsync("attempts");
        Assert.Empty(page.Errors);
    }
}
