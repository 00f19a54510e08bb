using Aspire.Hosting.Testing;
using Pipeline.Cli;
using Pipeline.Client.Runs;
using Pipeline.Tests.AppHost;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The command line against a whole pipeline.</summary>
[Collection(PipelineCollection.Name)]
public sealed class CommandLineRunTests(PipelineFixture fixture)
{
    private const int Lines = 40_000;

    private PipelineUnderTest Pipeline => fixture.Pipeline;

    [LinuxFact]
    public async Task Run_OrchestratorKilledMeanwhile_FollowsTheRunToTheSameResults()
    {
        var folder = Pipeline.Folder(nameof(Run_OrchestratorKilledMeanwhile_FollowsTheRunToTheSameResults));
        var input = FaultBench.Write(Path.Combine(folder, "input.ndjson"), Lines, badShare: 0);
        var reference = Reference.Of(await Pipeline.RunAsync(new RunSettings
        {
            Input = input,
            Output = Path.Combine(Pipeline.Folder("command-line-undisturbed"), "results.ndjson"),
        }));
        await Pipeline.Host.WaitForHealthyAsync("orchestrator");
        var output = Path.Combine(Pipeline.Folder("command-line-disturbed"), "results.ndjson");
        using var standardOutput = new StringWriter();
        using var standardError = new StringWriter();
        var command = CommandAsync(
            ["run", "--input", input, "--output", output, "--rate", $"{Lines / 4}", "--checkpoint-interval", "20", "--json"],
            standardOutput,
            standardError);
        var run = await RunOverAsync(output);
        await Pipeline.UntilAsync(run, now => now.Progress.Lines > 0);

        ServiceProcesses.Kill(new ServiceProcesses(Pipeline.Host.Data).Find("orchestrator")!.Value);

        Assert.True(await command.WaitAsync(FaultBench.Patience) == ExitCodes.Ok, $"{standardError}");
        run = await Pipeline.Api.GetAsync(run.Id);
        reference.Check(run);
        Assert.Equal(2, run.Attempts);
        Assert.Contains($"{run.Id}: the orchestrator went away, waiting for it", standardError.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WrongRules_IsRefusedBeforeThereIsARun()
    {
        var folder = Pipeline.Folder(nameof(Run_WrongRules_IsRefusedBeforeThereIsARun));
        var input = Path.Combine(folder, "input.ndjson");
        var rules = Path.Combine(folder, "rules.json");
        var output = Path.Combine(folder, "results.ndjson");
        FaultBench.Write(input, 1_000, badShare: 0);
        await File.WriteAllTextAsync(rules, """{"rules":[{"drop":"nonsense == 1"},{"drop":"value <"}]}""");
        using var standardOutput = new StringWriter();
        using var standardError = new StringWriter();

        await Pipeline.WaitForStagesAsync();
        var code = await CommandAsync(["run", "--input", input, "--output", output, "--rules", rules, "--json"], standardOutput, standardError)
            .WaitAsync(FaultBench.Patience);

        Assert.Equal(ExitCodes.Usage, code);
        var errors = $"{standardError}".Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, errors.Count);
        Assert.StartsWith("error: --rules line 1, column 20: ", errors[0], StringComparison.Ordinal);
        Assert.StartsWith("error: --rules line 1, column ", errors[1], StringComparison.Ordinal);
        Assert.DoesNotContain(await Pipeline.Api.ListAsync(), run => run.Output == output);
        Assert.False(File.Exists(output));
    }

    [Fact]
    public async Task Run_OptionsThatTheCommandAndAStageRefuse_AreToldAtOnce()
    {
        var folder = Pipeline.Folder(nameof(Run_OptionsThatTheCommandAndAStageRefuse_AreToldAtOnce));
        var input = Path.Combine(folder, "input.ndjson");
        var rules = Path.Combine(folder, "rules.json");
        FaultBench.Write(input, 1, badShare: 0);
        await File.WriteAllTextAsync(rules, """{"rules":[{"drop":"nonsense == 1"}]}""");
        await Pipeline.WaitForStagesAsync();

        string[][] others = [["--batch-size", "x"], ["--aggregates", "median"], ["--output", Path.Combine(folder, "none", "x")], ["--frobnicate", "x"]];
        foreach (var other in others)
        {
            using var standardError = new StringWriter();
            var code = await CommandAsync(["run", "--input", input, "--rules", rules, .. other], TextWriter.Null, standardError).WaitAsync(FaultBench.Patience);

            Assert.Equal(ExitCodes.Usage, code);
            var errors = $"{standardError}".Split('\n').Where(line => line.StartsWith("error: ", StringComparison.Ordinal)).ToList();
            Assert.Contains(errors, line => line.Contains(other[0], StringComparison.Ordinal));
            Assert.Single(errors, line => line.StartsWith("error: --rules line 1, column 20: ", StringComparison.Ordinal));
        }
    }

    private Task<int> CommandAsync(string[] args, TextWriter output, TextWriter error) => CommandLine.RunAsync(
        args,
        new Terminal(output, error),
        name => name switch
        {
            RunsClient.AddressVariable => $"{Pipeline.Host.Application.GetEndpoint("orchestrator", "http")}",
            "PIPELINE_KEY" => AppHostUnderTest.Key,
            _ => null,
        });

    // The command prints the id of its run only for a person; the list has it as soon as there is one.
    private async Task<Run> RunOverAsync(string output)
    {
        using var timeout = new CancellationTokenSource(AppHostUnderTest.Patience);
        while (true)
        {
            if ((await Pipeline.Api.ListAsync()).FirstOrDefault(run => run.Output == output) is { } run)
                return run;
            await Task.Delay(TimeSpan.FromMilliseconds(20), timeout.Token);
        }
    }
}
