using Aspire.Hosting.Testing;
using Pipeline.Orchestrator.Cli;
using Pipeline.Orchestrator.Runs;
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
        var input = Path.Combine(folder, "input.ndjson");
        FaultBench.Write(input, Lines, badShare: 0);
        var reference = Reference.Of(await Pipeline.RunAsync(new RunSettings
        {
            Input = input,
            Output = Path.Combine(Pipeline.Folder("command-line-undisturbed"), "results.ndjson"),
        }));
        await Pipeline.Host.WaitForHealthyAsync("orchestrator");
        var output = Path.Combine(Pipeline.Folder("command-line-disturbed"), "results.ndjson");
        using var standardOutput = new StringWriter();
        using var standardError = new StringWriter();
        var command = CommandLine.RunAsync(
            ["run", "--input", input, "--output", output, "--rate", $"{Lines / 4}", "--checkpoint-interval", "20", "--json"],
            new Terminal(standardOutput, standardError),
            name => name switch
            {
                PipelineClient.AddressVariable => $"{Pipeline.Host.Application.GetEndpoint("orchestrator", "http")}",
                "PIPELINE_KEY" => AppHostUnderTest.Key,
                _ => null,
            });
        var run = await RunOverAsync(output);
        await Pipeline.UntilAsync(run, now => now.Progress.Lines > 0);

        ServiceProcesses.Kill(new ServiceProcesses(Pipeline.Host.Data).Find("orchestrator")!.Value);

        Assert.True(await command.WaitAsync(FaultBench.Patience) == ExitCodes.Ok, $"{standardError}");
        run = await Pipeline.Api.GetAsync(run.Id);
        reference.Check(run);
        Assert.Equal(2, run.Attempts);
        Assert.Contains($"{run.Id}: the orchestrator went away, waiting for it", standardError.ToString(), StringComparison.Ordinal);
    }

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
