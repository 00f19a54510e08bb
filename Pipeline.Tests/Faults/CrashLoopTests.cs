using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Pipeline.Client.Runs;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>
/// A stage that cannot start: restarted with growing delays, given up, the run fails and says why, and goes on after the repair.
/// </summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "loop")]
public sealed class CrashLoopTests : FolderTests
{
    [FaultFact]
    public async Task Restart_StageCannotStart_GivesUpAndTheRunResumesAfterTheRepair()
    {
        var row = new FaultRow("crash loop of one stage");
        await row.OnceAsync("rules", async _ =>
        {
            var input = FaultBench.Write(InFolder("input.ndjson"), 20_000, 0.02);
            var failed = await FailAsync(input);
            await using var repaired = await PipelineUnderTest.StartAsync([], Folder);
            var reference = Reference.Of(await repaired.RunAsync(MixedInput.NewRun(input, "reference")));

            var listed = await repaired.Api.GetAsync(failed.Id);
            Assert.Equal(RunState.Failed, listed.State);
            await repaired.Api.ResumeAsync(failed.Id);
            reference.Check(await repaired.RestAsync(failed));
        });
        row.Finish();
    }

    private async Task<Run> FailAsync(string input)
    {
        // Watched before anything starts: the first decision comes before the orchestrator is ready.
        List<string> decisions = [];
        Task<ResourceEvent>? given = null;

        // The port is in use, so that every start fails.
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var broken = await PipelineUnderTest.StartAsync(
            [
                $"--Pipeline:Services:rules:Environment:PIPELINE_GRPC_PORT={((IPEndPoint)taken.LocalEndpoint).Port}",
                "--Pipeline:Services:rules:Restart:InitialDelay=00:00:01",
                "--Pipeline:Services:rules:Restart:MaxDelay=00:00:04",
                "--Pipeline:Services:rules:Restart:MaxRestarts=5",
                "--Pipeline:Services:orchestrator:Environment:Orchestrator__RouteTimeout=00:00:40",
            ],
            Folder,
            application => given = application.ResourceNotifications.WaitForResourceAsync("rules", IsGivenUp).WaitAsync(FaultBench.Patience));
        var run = await broken.Api.StartAsync(MixedInput.NewRun(input, "broken"));
        // The other stages may take a moment to register.
        var waiting = await broken.UntilAsync(run, now => now.WaitingFor == "rules");
        Assert.Equal(RunState.Waiting, waiting.State);

        var last = await given!;
        Assert.Equal("given up: ended with exit code 1", last.Snapshot.State?.Text);
        // The delay doubles up to MaxDelay.
        string[] delays = ["1", "2", "4", "4", "4"];
        string[] expected = [.. delays.Select((delay, i) => $"restart {i + 1} of 5 in {delay} s"), "given up after too many restarts"];
        string[] seen = [.. decisions.Select(decision => decision[(decision.IndexOf(';', StringComparison.Ordinal) + 1)..].Trim())];
        Assert.Equal(expected, seen);

        run = await broken.RestAsync(run);
        Assert.Equal(RunState.Failed, run.State);
        Assert.Contains("rules", run.Error!.Message, StringComparison.Ordinal);
        Assert.True(broken.Host.Application.ResourceNotifications.TryGetCurrentState("parse", out var parse));
        Assert.Equal(KnownResourceStates.Running, parse.Snapshot.State?.Text);
        return run;

        bool IsGivenUp(ResourceEvent change)
        {
            if (change.Snapshot.Properties.FirstOrDefault(property => property.Name == "restart")?.Value is string decision
                && decision != decisions.LastOrDefault())
            {
                decisions.Add(decision);
            }

            return decisions.Count > 0 && decisions[^1].StartsWith("given up", StringComparison.Ordinal);
        }
    }
}
