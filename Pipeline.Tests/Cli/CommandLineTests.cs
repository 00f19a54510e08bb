using System.Net.ServerSentEvents;
using System.Text.Json;
using Pipeline.Cli;
using Pipeline.Client.Runs;
using Pipeline.Tests.Orchestrator.Fakes;
using Spectre.Console;

namespace Pipeline.Tests.Cli;

public sealed class CommandLineTests : CommandTests
{
    [Fact]
    public async Task Generate_SeveralWrongOptions_AllErrorsAreReported()
    {
        var code = await CommandAsync(
            "generate", "--count", "-5", "--users", "many", "--distribution", "normal", "--work-ratio", "2", "--types", "a,,b", "--start", "now", "--foo");
        Assert.Equal(ExitCodes.Usage, code);
        foreach (var wrong in new[] { "--count", "--users", "--distribution", "--work-ratio", "--types", "--start", "--output", "--foo" })
            Assert.Contains(Errors, line => line.Contains(wrong, StringComparison.Ordinal));
        Assert.Equal(8, Errors.Length);
        Assert.Empty(Output);
    }

    [Theory]
    [InlineData("frobnicate")]
    [InlineData("run")]
    [InlineData("show")]
    [InlineData("run --input x --batch-size 100001")]
    [InlineData("run --input /no/such/file")]
    public async Task Command_UnknownOrWrongArguments_ExitsWithUsage(string line)
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync(line.Split(' ')));
        Assert.NotEmpty(Errors);
    }

    [Theory]
    [InlineData("error: --input must name a file or a directory", "run", "--input", "")]
    [InlineData("error: --output must name a file", "run", "--input", "/", "--output", "")]
    [InlineData("error: --rules must name a file", "run", "--input", "/", "--rules", "")]
    [InlineData("error: --output must name a file", "generate", "--output", "")]
    [InlineData(
        "error: --output: the results go to standard output, and so would the report; name a file for the results",
        "run", "--input", "/", "--monolith", "--output", "-", "--json")]
    [InlineData(
        "error: --input: another process reads the input, and cannot read this standard input; save it to a file first, or use --monolith",
        "run", "--input", "-")]
    [InlineData(
        "error: --output: another process writes the results, and cannot write them to this standard output; name a file, or use --monolith",
        "run", "--input", "/", "--output", "-")]
    [InlineData("error: RUN must be the id of a run, as runs lists it", "show", "")]
    public async Task Command_EmptyPathOrRun_IsRefusedByItsName(string error, params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync(args));
        Assert.Contains(error, Error.Split('\n'));
    }

    [Theory]
    [InlineData("top")]
    [InlineData("page")]
    public async Task Json_CommandThatWritesNone_IsRefused(string command)
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync(command, "--json"));
        Assert.Equal($"error: --json: {command} writes no JSON", Assert.Single(Errors));
    }

    [Fact]
    public async Task Run_EmptyRulesFile_IsRefused()
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync("run", "--input", "/", "--rules", Write("rules.json")));
        Assert.StartsWith("error: --rules must not be empty", Assert.Single(Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_SeveralWrongOptions_AreToldAtOnce()
    {
        var input = Write("in.ndjson");
        var rules = Write("rules.json", " ");
        Assert.Equal(ExitCodes.Usage, await CommandAsync("run", "--input", input, "--rules", rules, "--output", Folder, "--aggregates", "median"));
        foreach (var wrong in new[] { "--rules", "--output", "--aggregates" })
            Assert.Contains(Errors, line => line.Contains(wrong, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_ValuesThatCannotBeReadAndFilesThatAreWrong_AreToldTogether()
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync(
            "run", "--input", "/no/such/file", "--batch-size", "x", "--rules", "", "--monolith", "--output", "-", "--json"));
        foreach (var wrong in new[] { "--input", "--batch-size", "--rules", "--output" })
            Assert.Single(Errors, line => line.StartsWith($"error: {wrong}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Generate_ValuesThatCannotBeReadAndWrongOnes_AreToldTogether()
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync("generate", "--count", "x", "--types", new string('t', 2_000), "--output", ""));
        foreach (var wrong in new[] { "--count", "--types", "--output" })
            Assert.Single(Errors, line => line.StartsWith($"error: {wrong}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_Json_WritesTheSettings(bool alone)
    {
        var input = Write("in.ndjson");
        string[] mode = alone ? ["--monolith", "--output", InFolder("out")] : [];
        Assert.Equal(ExitCodes.Ok, await CommandAsync(["run", "--check", "--json", "--input", input, "--batch-size", "7", .. mode]));

        using var settings = JsonDocument.Parse(Output);
        Assert.Equal(input, settings.RootElement.GetProperty("input").GetString());
        Assert.Equal(7, settings.RootElement.GetProperty("batchSize").GetInt32());
    }

    [Fact]
    public async Task Check_OutputOutsideTheRoots_IsRefused()
    {
        await using var served = await ServedOrchestrator.StartAsync(roots: Folder);
        var input = Write("in.ndjson");
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--check", "--input", input, "--output", InFolder("out")));

        Assert.Equal(ExitCodes.Failed, await CommandAsync(served, "run", "--check", "--input", input, "--output", "/usr/out.ndjson"));
        Assert.StartsWith("error: output '/usr/out.ndjson' lies under none of the folders", Assert.Single(Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Display_SameLineAgain_IsWrittenOnce()
    {
        var run = SampleRun.New("r1", RunState.Running);
        await new RunDisplay(Terminal, quiet: false, TimeProvider.System).ShowAsync(Events());

        Assert.Equal("r1: running\nr1: completed\n", Error);

        async IAsyncEnumerable<SseItem<Run>> Events()
        {
            yield return new(run, RunEventNames.State);
            yield return new(run, RunEventNames.State);
            await Task.Yield();
            yield return new(run with { State = RunState.Completed }, "completed");
        }
    }

    [Fact]
    public async Task Display_Terminal_ShowsTheShareOnce()
    {
        using var screen = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(screen),
        });
        var run = SampleRun.New("r1", RunState.Running) with { Progress = new RunProgress { Lines = 15, Fraction = 0.147 } };

        await new RunDisplay(new Terminal(TextWriter.Null, TextWriter.Null, console), quiet: false, TimeProvider.System).ShowAsync(Events());

        Assert.Contains("15 lines, 15 %", screen.ToString(), StringComparison.Ordinal);
        Assert.DoesNotMatch("[0-9]%", screen.ToString());

        async IAsyncEnumerable<SseItem<Run>> Events()
        {
            await Task.Yield();
            yield return new(run, RunEventNames.State);
        }
    }

    [Theory]
    [InlineData("invalid_rules")]
    [InlineData("invalid_options")]
    public async Task Run_StageRefusesTheOptions_IsUsageAndNotRetried(string reason)
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var command = CommandAsync(served, "run", "--input", Write("in.ndjson"));
        (await served.Stages.NextAsync()).Fails(reason, retryable: false, "rules-0");
        Assert.Equal(ExitCodes.Usage, await command);
        Assert.Equal($"error: {reason} happened", Errors[^1]);
        Assert.True(served.Stages.IsIdle);
    }

    [Theory]
    [InlineData("runs")]
    [InlineData("show 1")]
    [InlineData("resume 1")]
    [InlineData("topology")]
    public async Task Command_NoPipelineRunning_ErrorSaysHowToStartOne(string line)
    {
        Assert.Equal(ExitCodes.NoPipeline, await CommandAsync(line.Split(' ')));
        Assert.StartsWith(
            "error: no pipeline is up; start one with: dotnet run --project Pipeline.AppHost. If one is up, ", Assert.Single(Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Runs_EndpointDoesNotAnswer_ExitsWithNoPipeline()
    {
        Write("endpoint.json", """{"address":"http://127.0.0.1:1","key":"k","pid":1}""");
        Assert.Equal(ExitCodes.NoPipeline, await CommandAsync("runs"));
        Assert.Contains("not up any more", Assert.Single(Errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("""{"address":"http://example.com","key":"k","pid":1}""")]
    [InlineData("""{"address":"http://127.0.0.1:1","key":"a key","pid":1}""")]
    public async Task Runs_DamagedEndpointFile_ErrorNamesTheFile(string content)
    {
        Write("endpoint.json", content);
        Assert.Equal(ExitCodes.NoPipeline, await CommandAsync("runs"));
        Assert.Contains("endpoint.json is ", Assert.Single(Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_OutputFile_WritesItAndReportsLinesAndBytes()
    {
        var path = InFolder("a.ndjson");
        Assert.Equal(ExitCodes.Ok, await CommandAsync("generate", "--count", "10", "--output", path, "--json"));
        using var told = JsonDocument.Parse(Output);
        Assert.Equal((path, 10, new FileInfo(path).Length), (
            told.RootElement.GetProperty("output").GetString(),
            told.RootElement.GetProperty("lines").GetInt32(),
            told.RootElement.GetProperty("bytes").GetInt64()));
        Assert.Equal(10, File.ReadAllLines(path).Length);
    }

    [Fact]
    public async Task Generate_OutputFolderMissing_ErrorNamesTheFolder()
    {
        Assert.Equal(ExitCodes.Usage, await CommandAsync("generate", "--count", "1", "--output", Path.Combine(Folder, "none", "a")));
        Assert.Equal($"error: --output must lie in a directory that exists: {InFolder("none")} is none, or may not be read", Assert.Single(Errors));
    }

    [Fact]
    public async Task Generate_Cancelled_ExitsInterruptedAndLeavesNoFile()
    {
        var code = await CommandLine.RunAsync(
            ["generate", "--count", "1000000000", "--output", InFolder("a")], Terminal, Environment, new CancellationToken(true));
        Assert.Equal(ExitCodes.Interrupted, code);
        Assert.Empty(Directory.GetFiles(Folder));
    }

    [Fact]
    public async Task Run_PipelineIsUp_WaitsForTheEndAndPrintsTheReport()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var command = CommandAsync(
            served, "run", "--input", Write("in.ndjson"), "--output", "out.ndjson", "--batch-size", "7", "--group-by", "user", "--aggregates", "max");
        var attempt = await served.Stages.NextAsync();
        Assert.Equal((7, Path.GetFullPath("out.ndjson")), (attempt.Open.Options.BatchSize, attempt.Open.Options.Output));
        Assert.Equal(["user", "max"], attempt.Open.Options.GroupBy.Concat(attempt.Open.Options.ExtraAggregates));
        attempt.Opens().Commits(1, 5).Completes(lines: 12_345);
        Assert.Equal(ExitCodes.Ok, await command);
        Assert.Contains("12,345 lines", Output, StringComparison.Ordinal);
        Assert.Contains($"results: {Path.GetFullPath("out.ndjson")}", Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NotOnATerminal_WritesTheFinalStateAsALine()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var command = CommandAsync(served, "run", "--input", Write("in.ndjson"));
        var attempt = await served.Stages.NextAsync();
        attempt.Opens().Commits(1, 12_345).Completes(lines: 20_000);
        Assert.Equal(ExitCodes.Ok, await command);
        Assert.Contains($"{attempt.Open.RunId}: completed, 12,345 lines, 100 %\n", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_StageFails_PrintsOneErrorWithTheResumeCommand()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        var command = CommandAsync(served, "run", "--input", Write("in.ndjson"), "--json");
        var attempt = await served.Stages.NextAsync();
        attempt.Opens().Fails("disk_full", retryable: false, "sink-0");
        Assert.Equal(ExitCodes.Failed, await command);
        var error = Assert.Single(Errors);
        Assert.Contains("disk_full", error, StringComparison.Ordinal);
        Assert.Contains($"resume {attempt.Open.RunId}", error, StringComparison.Ordinal);
        using var told = JsonDocument.Parse(Output);
        Assert.Equal("failed", told.RootElement.GetProperty("state").GetString());
    }

    [Fact]
    public async Task Run_CtrlC_PausesItAndPrintsTheResumeCommand()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        using var interrupt = new CancellationTokenSource();
        var command = CommandLine.RunAsync(["run", "--input", Write("in.ndjson")], Terminal, EnvironmentOf(served), interrupt.Token);
        var attempt = await served.Stages.NextAsync();
        attempt.Opens();
        await interrupt.CancelAsync();
        await attempt.DrainRequested;
        attempt.Commits(1, 5).Completes(drained: true);
        Assert.Equal(ExitCodes.Interrupted, await command.WaitAsync(Waiting.Limit));
        Assert.Contains($"resume {attempt.Open.RunId}", Error, StringComparison.Ordinal);

        var resumed = CommandAsync(served, "resume", attempt.Open.RunId);
        (await served.Stages.NextAsync()).Opens().Completes();
        Assert.Equal(ExitCodes.Ok, await resumed);
    }

    [Fact]
    public async Task Resume_Detach_PrintsTheId()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--input", Write("in.ndjson"), "--detach"));
        var id = Output.Trim();
        (await served.Stages.NextAsync()).Opens().Fails("disk_full", retryable: false, "sink-0");
        using var client = new RunsClient(new Uri(served.Endpoint.Address), ServedOrchestrator.Key);
        Assert.Equal(RunState.Failed, (await client.FollowAsync(id).LastAsync()).Data.State);
        Clear();

        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "resume", id, "--detach"));

        Assert.Equal($"{id}\n", Output);
        (await served.Stages.NextAsync()).Opens().Completes();
    }

    [Fact]
    public async Task Delete_RunThatRests_IsNotListedAnyMore()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--input", Write("in.ndjson"), "--detach"));
        var id = Output.Trim();
        var attempt = (await served.Stages.NextAsync()).Opens();
        Assert.Equal(ExitCodes.Failed, await CommandAsync(served, "delete", id));
        Assert.Equal($"error: run {id} is running: cancel it, then delete it", Errors[^1]);
        var cancel = CommandAsync(served, "cancel", id);
        await attempt.DrainRequested;
        attempt.Completes(drained: true);
        Assert.Equal(ExitCodes.Ok, await cancel);

        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "delete", id));

        Clear();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "runs"));
        Assert.Equal("no runs yet", Output.Trim());
    }

    [Theory]
    [InlineData("pause", "paused")]
    [InlineData("cancel", "cancelled")]
    public async Task PauseAndCancel_RunThatDrains_TellWhatBecameOfIt(string verb, string rest)
    {
        await using var served = await ServedOrchestrator.StartAsync();

        var (id, attempt, command) = await StopAsync();
        attempt.Fails("disk_full", retryable: false, "sink-0");
        Assert.Equal(ExitCodes.Ok, await command);
        Assert.EndsWith($"run {id}: its last attempt failed: disk_full: disk_full happened\n", Error, StringComparison.Ordinal);

        (id, attempt, command) = await StopAsync();
        attempt.Completes();
        Assert.Equal(ExitCodes.Failed, await command);
        Assert.Equal($"error: run {id} completed before it was {rest}", Errors[^1]);

        (id, attempt, command) = await StopAsync();
        attempt.Completes(drained: true);
        Assert.Equal(ExitCodes.Ok, await command);
        Assert.Contains($"run {id}: {rest}\n", Output, StringComparison.Ordinal);
        Assert.DoesNotContain("failed", Error, StringComparison.Ordinal);

        async Task<(string Id, FakeAttempt Attempt, Task<int> Command)> StopAsync()
        {
            Clear();
            Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--input", Write("in.ndjson"), "--detach"));
            var id = Output.Trim();
            var attempt = (await served.Stages.NextAsync()).Opens();
            var command = CommandAsync(served, verb, id);
            await attempt.DrainRequested;
            return (id, attempt, command);
        }
    }

    [Fact]
    public async Task Show_KnownOrUnknownRun_PrintsItsFiguresOrExitsWithUsage()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--input", Write("in.ndjson"), "--detach"));
        var id = Output.Trim();
        (await served.Stages.NextAsync()).Opens().Reports("ingest-0", itemsIn: 1_234).Reports("parse-0").Completes();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "runs"));
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "show", id));
        Assert.Contains("1,234", Output, StringComparison.Ordinal);
        Assert.Contains("waiting edge: none", Output, StringComparison.Ordinal);
        // The fake stages report no peak memory.
        Assert.Contains("unknown", Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, await CommandAsync(served, "show", "none"));
        Assert.Contains("There is no run none", Errors[^1], StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, await CommandAsync(served, "show", "../x"));
        Assert.Contains("There is no run ../x.", Errors[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topology_AllRolesOrOne_ListsTheInstances()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "topology"));
        foreach (var instance in served.Registry.Current.Value.Instances.Values)
            Assert.Contains(instance.Address, Output, StringComparison.Ordinal);
        Assert.Contains("out of reach", Output, StringComparison.Ordinal);

        Clear();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "topology", "--role", "sink"));
        Assert.Contains("sink-0", Output, StringComparison.Ordinal);
        Assert.DoesNotContain("parse-0", Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topology_RegisteredInAnotherOrder_IsThatOfTheRoute()
    {
        var registry = new FakeRegistry();
        foreach (var role in (string[])["rules", "audit", "sink", "parse", "ingest", "aggregate"])
            registry.Register($"{role}-0", role);
        await using var served = await ServedOrchestrator.StartAsync(registry: registry);

        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "topology"));

        Assert.Equal([.. FakeRegistry.Roles, "audit"], Output.Split('\n')[2..8].Select(line => line.Split(' ')[0]));
    }

    [Fact]
    public async Task Topology_RoleThatNoInstanceHas_IsUsage()
    {
        await using var served = await ServedOrchestrator.StartAsync();

        Assert.Equal(ExitCodes.Usage, await CommandAsync(served, "topology", "--role", "nosuch"));

        Assert.Equal("error: no instance has the role nosuch; topology lists those that are up", Assert.Single(Errors));
    }

    [Fact]
    public async Task Topology_WatchAndCtrlC_EndsWithoutAnError()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        using var interrupt = new CancellationTokenSource();
        var shown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var output = new Told(shown);
        using var errors = new StringWriter();
        var command = CommandLine.RunAsync(["topology", "--watch"], new Terminal(output, errors), EnvironmentOf(served), interrupt.Token);
        await shown.Task.WaitAsync(Waiting.Limit);

        await interrupt.CancelAsync();

        Assert.Equal(ExitCodes.Ok, await command.WaitAsync(Waiting.Limit));
        Assert.Empty(errors.ToString());
    }

    [Theory]
    [InlineData("generate", "--types", "click,view,purchase")]
    [InlineData("generate", "--start", "2026-01-01T00:00:00Z")]
    [InlineData("generate", "--distribution", "uniform")]
    [InlineData("generate", "--workload", "events")]
    [InlineData("generate", "--payload", "medium")]
    [InlineData("run", "--group-by", "type")]
    [InlineData("run", "--batch-size", "auto")]
    [InlineData("run", "--partitions", "1")]
    public async Task Help_DefaultOfAnOption_CanBeTyped(string command, string option, string value)
    {
        Assert.Equal(ExitCodes.Ok, await CommandAsync(command, "--help"));

        // As one line: the help breaks its lines.
        var help = string.Join(' ', Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        var at = help.IndexOf($" {option} <", StringComparison.Ordinal);
        Assert.StartsWith($"[default: {value}]", help[help.IndexOf("[default: ", at, StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_NoRulesStageIsUp_SaysWhatWasNotChecked()
    {
        await using var served = await ServedOrchestrator.StartAsync(roots: Folder);
        served.Registry.Remove("rules-0");

        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--check", "--input", Write("in.ndjson")));

        Assert.StartsWith("not checked by rules: no instance is up", Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_RulesAndARouteWithoutThem_IsUsage()
    {
        await using var served = await ServedOrchestrator.StartAsync();

        Assert.Equal(ExitCodes.Usage, await CommandAsync(
            served, "run", "--input", Write("in.ndjson"), "--route", "ingest,parse,aggregate,sink", "--rules", Write("rules.json", """{"rules":[]}""")));

        Assert.StartsWith("error: --rules must not be given: no stage of the route ", Assert.Single(Errors), StringComparison.Ordinal);
        Assert.True(served.Stages.IsIdle);
    }

    [Fact]
    public async Task Replace_StopOld_DoesNotSayThatRunsThatMovedWait()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--input", Write("in.ndjson"), "--detach"));
        var attempt = (await served.Stages.NextAsync()).Opens();
        served.Registry.Register("rules-1", "rules", version: "2.0", language: "node");

        var replacing = CommandAsync(served, "replace", "rules", "--stop-old");
        await attempt.DrainsAsync();
        (await served.Stages.NextAsync()).Opens().Completes();

        Assert.Equal(ExitCodes.Ok, await replacing);
        Assert.Contains("rules-0 (csharp 1.0) is out, no run goes through it any more; process", Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StopAndReplace_PipelineIsUp_SayWhatHappened()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "run", "--input", Write("in.ndjson"), "--detach"));
        var id = Output.Trim();
        var attempt = (await served.Stages.NextAsync()).Opens();
        served.Registry.Register("rules-1", "rules", version: "2.0", language: "node");

        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "replace", "rules"));
        Assert.Contains($"rules: node 2.0 (rules-1) takes over in {id}", Output, StringComparison.Ordinal);
        attempt.Completes(drained: true);
        (await served.Stages.NextAsync()).Opens().Completes();
        Assert.Equal(ExitCodes.Failed, await CommandAsync(served, "stop", "rules"));
        Assert.Contains("rules has 2 instances, name one", Errors[^1], StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "stop", "rules-0"));
        Assert.Contains(
            "rules-0 (csharp 1.0) is out, no run goes through it any more; process 4711 was asked to end",
            Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Usage, await CommandAsync(served, "stop", "rules-0"));
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "show", id));
        Assert.Contains("made by: csharp 1.0: ingest, parse, aggregate, sink; node 2.0: rules", Output, StringComparison.Ordinal);
        Assert.Contains("rules: node 2.0 took over from csharp 1.0", Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_PipelineIsUp_PrintsALinkThatLogsIn()
    {
        await using var served = await ServedOrchestrator.StartAsync();

        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "page"));

        using var browser = new HttpClient();
        using var login = await browser.GetAsync(Output.Trim());
        Assert.Contains("Logged in", await login.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Top_Once_ShowsTheRunAndItsStages()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        Assert.Equal(ExitCodes.Ok, await CommandAsync(served, "top", "--once"));
        Assert.StartsWith("no run yet", Output, StringComparison.Ordinal);
        Assert.Contains("sink-0", Output, StringComparison.Ordinal);
        using var client = new RunsClient(new Uri(served.Endpoint.Address), ServedOrchestrator.Key);
        var run = await client.StartAsync(new RunSettings { Input = Write("in.ndjson") });
        var attempt = (await served.Stages.NextAsync()).Opens();
        Clear();

        var top = CommandAsync(served, "top", "--once");
        // A rate is computed from two reports.
        for (var lines = 1_000; !top.IsCompleted; lines += 1_000)
        {
            attempt.Reports("ingest-0", itemsIn: lines);
            await Task.Yield();
        }

        Assert.Equal(ExitCodes.Ok, await top);
        Assert.StartsWith($"run {run.Id}: running, attempt 1", Output, StringComparison.Ordinal);
        Assert.Matches(@"ingest +ingest-0 +live +[0-9.]+ [kMG]?", Output);
    }

    [Fact]
    public async Task Runs_WrongKey_FailsAndNamesTheKey()
    {
        await using var served = await ServedOrchestrator.StartAsync();
        (served.Endpoint with { Key = "other" }).Write(InFolder("endpoint.json"));
        Assert.Equal(ExitCodes.Failed, await CommandAsync("runs"));
        Assert.Contains("key", Assert.Single(Errors), StringComparison.Ordinal);
    }

    /// <summary>Tells when something was written.</summary>
    private sealed class Told(TaskCompletionSource told) : StringWriter
    {
        public override void WriteLine(string? value) => told.TrySetResult();
    }
}
