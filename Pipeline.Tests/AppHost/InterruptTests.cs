using System.Globalization;
using System.Text.Json;
using Pipeline.AppHost;
using Pipeline.Client.Runs;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.AppHost;

/// <summary>Ctrl-C in the middle of a run, with real processes.</summary>
[Collection(WholeMachineCollection.Name)]
public sealed class InterruptTests : FolderTests
{
    /// <summary>Some seconds of work: the run has a checkpoint before it is stopped, and work left after it.</summary>
    private const int Items = 200;

    private static readonly Dictionary<string, string> NoVariables = [];

    private static readonly Dictionary<string, string> LittleUnderWay = new() { ["Stage__RingSlots"] = "0", ["Endpoints__StreamWindowBytes"] = "65536" };

    private string Resume => $"{PipelineCommand.Parse([]).StartedFrom(Folder, Projects.Pipeline_AppHost.ProjectPath, _ => null).Start} -- --resume";

    [Fact]
    public Task CtrlC_DuringARun_DrainsItAndPrintsTheResumeCommand() => StopAndResumeAsync(host => host.Interrupt());

    [UnixFact]
    public Task HangUp_DuringARun_DrainsItAsCtrlCDoes() => StopAndResumeAsync(host => host.HangUp());

    private async Task StopAndResumeAsync(Action<AppHostProcess> stop)
    {
        var output = InFolder("results.ndjson");
        // Small buffers between the stages, so that most of the input is still unread when the run is stopped.
        using var host = AppHostProcess.Start(
            Folder, LittleUnderWay, "--input", WriteItems(), "--output", output, "--batch-size", "1", "--exit", "--Pipeline:Key=secret");
        var run = await host.ReadRunAsync();
        await host.ReadErrorToAsync(line => line.Contains(" lines, ", StringComparison.Ordinal));
        stop(host);

        var (code, _, error) = await host.EndAsync();

        Assert.Equal(130, code);
        Assert.False(File.Exists(output));
        Assert.Equal(("paused", "drained"), StateOf(run));
        var lines = error.TrimEnd().Split('\n');
        Assert.StartsWith($"run {run} was paused after ", lines[^1], StringComparison.Ordinal);
        Assert.Contains($" lines; go on with: {Resume} {run} --exit ", lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);

        var resume = lines[^1].Split(" -- ")[1].Split(' ').Select(argument => argument.Trim('\'', '"'));
        using var next = AppHostProcess.Start(Folder, NoVariables, [.. resume]);
        (code, var report, error) = await next.EndAsync();
        Assert.True(code == 0, error);
        Assert.StartsWith($"run {run}: completed after 2 attempts", report, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(0, Items).Select(i => $"w-{i}"), File.ReadLines(output).Select(IdOf));
    }

    [LinuxFact]
    public async Task Run_ProcessThatFollowsItIsKilled_DrainsItAndSaysHowToResume()
    {
        using var host = StartLongRun();
        var run = await host.ReadRunAsync();
        await host.ReadErrorToAsync(line => line.Contains(" lines, ", StringComparison.Ordinal));
        ServiceProcesses.Kill(new ServiceProcesses(Folder).FindProgram("Pipeline.Cli")!.Value);

        var (code, _, error) = await host.EndAsync();

        Assert.Equal(1, code);
        Assert.Equal(("interrupted", "drained"), StateOf(run));
        var errors = error.TrimEnd().Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal));
        Assert.Collection(
            errors,
            line => Assert.Equal("error: the process that follows the run was killed", line),
            line => Assert.StartsWith($"error: the run is not over; resume run {run} with: {Resume} {run} --exit ", line, StringComparison.Ordinal));
    }

    [LinuxFact]
    public async Task Run_OrchestratorIsGivenUp_SaysHowToResume()
    {
        using var host = StartLongRun(
            "--Pipeline:Services:orchestrator:Restart:MaxRestarts=1", "--Pipeline:Services:orchestrator:Restart:InitialDelay=00:00:00");
        var run = await host.ReadRunAsync();
        await host.ReadErrorToAsync(line => line.Contains(" lines, ", StringComparison.Ordinal));
        var processes = new ServiceProcesses(Folder);
        var first = processes.Find("orchestrator")!.Value;
        ServiceProcesses.Kill(first);
        await Waiting.UntilAsync(() => processes.Find("orchestrator") is { } id && id != first, "the restart", AppHostUnderTest.Patience);
        ServiceProcesses.Kill(processes.Find("orchestrator")!.Value);

        var (code, _, error) = await host.EndAsync();

        Assert.Equal(1, code);
        Assert.Contains($" {run} --exit ", error.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task CtrlC_DuringARunWithoutExit_ExitsWith0()
    {
        using var host = AppHostProcess.Start(Folder, LittleUnderWay, "--input", WriteItems(), "--output", InFolder("out"), "--batch-size", "1");
        await host.ReadErrorToAsync(line => line.Contains(" lines, ", StringComparison.Ordinal));
        host.Interrupt();

        var (code, _, error) = await host.EndAsync();

        Assert.True(code == 0, error);
    }

    [Fact]
    public async Task CtrlC_WhileTheRunOfAnotherClientIsActive_SaysHowToResumeIt()
    {
        var input = WriteItems();
        using var host = AppHostProcess.Start(Folder, LittleUnderWay, "--Pipeline:Demo=false");
        var file = InFolder("endpoint.json");
        await Waiting.UntilAsync(() => File.Exists(file), "the orchestrator", AppHostUnderTest.Patience);
        var endpoint = EndpointFile.Read(file)!;
        using var api = new RunsClient(new Uri(endpoint.Address), endpoint.Key);
        var run = (await api.StartAsync(new RunSettings { Input = input, Output = InFolder("out"), Rate = 1 })).Id;
        host.Interrupt();

        var (code, _, error) = await host.EndAsync();

        Assert.True(code == 0, error);
        Assert.StartsWith($"stopped; resume run {run} with: {Resume} {run} ", error.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task Exit_RunOfAnotherClientIsActive_DrainsItBeforeAnyStageStops()
    {
        var input = WriteItems();
        var rules = ServiceFiles.PathOf(new Projects.Pipeline_Stages_Rules());
        // A stage that ends as soon as it is asked to.
        var script = Write("rules.sh", $"PIPELINE_GRPC_PORT=0 ASPNETCORE_URLS=http://127.0.0.1:0 '{rules}' & trap \"kill -9 $!; exit\" TERM; wait");
        using var host = AppHostProcess.Start(
            Folder, NoVariables, "--input", input, "--output", InFolder("own"), "--exit", "--Pipeline:Services:rules:Replicas=0",
            "--Pipeline:Processes:own:Stage=rules", "--Pipeline:Processes:own:Command=sh", $"--Pipeline:Processes:own:Arguments:0={script}",
            $"--Pipeline:Processes:own:Environment:{ServiceFiles.DotnetRoot}={ServiceFiles.RuntimeFolder}");
        await host.ReadRunAsync();
        var endpoint = EndpointFile.Read(InFolder("endpoint.json"))!;
        using var api = new RunsClient(new Uri(endpoint.Address), endpoint.Key);
        var run = (await api.StartAsync(new RunSettings { Input = input, Output = InFolder("out"), Rate = 1 })).Id;

        var (code, _, error) = await host.EndAsync();

        Assert.True(code == 0, error);
        Assert.Equal(("interrupted", "drained"), StateOf(run));
    }

    /// <summary>Before there is any process, with the first one, and before the command that makes the run handles signals.</summary>
    [LinuxTheory]
    [InlineData("broker.log")]
    [InlineData("Pipeline.Broker")]
    [InlineData("Pipeline.Cli")]
    public async Task CtrlC_WhileItStarts_ExitsWith130AndSaysSo(string moment)
    {
        using var host = StartLongRun();
        var processes = new ServiceProcesses(Folder);
        await Waiting.UntilAsync(
            () => File.Exists(Path.Combine(Folder, "logs", moment)) || processes.FindProgram(moment) is not null, moment, AppHostUnderTest.Patience);
        host.Interrupt();

        var (code, output, error) = await host.EndAsync();

        Assert.Equal((130, ""), (code, output));
        // Where the machine is slow, the run may exist by now, or be under way.
        Assert.Matches("interrupted|^run [^ ]+ was paused after .* lines; go on with: ", error.TrimEnd().Split('\n')[^1]);
        Assert.DoesNotContain("Exception", error, StringComparison.Ordinal);
        Assert.DoesNotContain("did not stop within", error, StringComparison.Ordinal);
        await UntilAllAreGoneAsync(processes);
    }

    [LinuxFact]
    public async Task CtrlC_ControlPlaneHangs_EndsAllTheSame()
    {
        // Nobody removes the folder of a control plane that hangs.
        var environment = new Dictionary<string, string>(LittleUnderWay) { ["TMPDIR"] = Folder };
        using var host = AppHostProcess.Start(
            Folder, environment, "--input", WriteItems(10 * Items), "--output", InFolder("out"), "--exit");
        var run = await host.ReadRunAsync();
        var dcp = DcpProcesses.Of(host.Id).Dcp;
        try
        {
            foreach (var process in dcp)
                Signals.Stop(process.Id);
            host.Interrupt();

            var (code, _, error) = await host.EndAsync();

            Assert.Equal(130, code);
            Assert.Contains("Aspire did not stop within 12 s", error, StringComparison.Ordinal);
            Assert.Contains($"--resume {run} ", error.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
            await UntilAllAreGoneAsync(new ServiceProcesses(Folder));
        }
        finally
        {
            foreach (var process in dcp)
                process.Kill();
        }
    }

    [Fact]
    public async Task Pause_ByAnotherClient_ExitsWithTheResumeCommand()
    {
        using var host = StartLongRun();
        var run = await host.ReadRunAsync();
        var endpoint = EndpointFile.Read(InFolder("endpoint.json"))!;
        using (var api = new RunsClient(new Uri(endpoint.Address), endpoint.Key))
            await api.PauseAsync(run);

        var (code, _, error) = await host.EndAsync();

        Assert.Equal(1, code);
        Assert.StartsWith(
            $"error: run {run} is paused; go on with: {Resume} {run} --exit ",
            error.TrimEnd().Split('\n')[^1],
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resume_UnknownRun_IsRefused()
    {
        using var host = AppHostProcess.Start(Folder, NoVariables, "--resume", "20260101-120000-ab12", "--exit");

        Assert.Equal((1, "", $"error: there is no run 20260101-120000-ab12 in '{Folder}'{Environment.NewLine}"), await host.EndAsync());
    }

    private AppHostProcess StartLongRun(params string[] more) => AppHostProcess.Start(
        Folder, LittleUnderWay,
        ["--input", WriteItems(10 * Items), "--output", InFolder("results.ndjson"), "--batch-size", "1", "--exit", .. more]);

    private static Task UntilAllAreGoneAsync(ServiceProcesses processes) =>
        Waiting.UntilAsync(() => processes.All().Count == 0, "all processes to be gone", AppHostUnderTest.Patience);

    // Some hundredths of a second of work each, the most that an item may have; no run of ten times as many ends before its test has stopped it.
    private string WriteItems(int items = Items)
    {
        var path = InFolder("items.ndjson");
        var values = string.Join(',', Enumerable.Range(1, 2_000));
        var padding = new string('x', 20_000);
        File.WriteAllLines(path, Enumerable.Range(0, items).Select(i => string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"id":"w-{{i}}","vectors":[{"values":[{{values}}]}],"matrix":{"rows":[{"values":[1,2]},{"values":[3,4]}]}"""
            + $$""","text":"{{padding}}","iterations":100000}""")));
        return path;
    }

    private (string?, string?) StateOf(string run)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "runs", run, "run.json")));
        var stored = document.RootElement;
        return (stored.GetProperty("state").GetString(), stored.GetProperty("history").EnumerateArray().Last().GetProperty("outcome").GetString());
    }

    private static string? IdOf(string line)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.GetProperty("workItemId").GetString();
    }
}
