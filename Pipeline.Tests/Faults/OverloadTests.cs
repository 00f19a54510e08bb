using System.Collections.Concurrent;
using System.Diagnostics;
using Aspire.Hosting;
using Pipeline.Client.Runs;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>Many more busy processes than processors: slow is not hung.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "overload")]
public sealed class OverloadTests : FolderTests
{
    /// <summary>While the pipeline starts: with more the start itself would take minutes.</summary>
    private static readonly int BusyAtStart = 3 * Environment.ProcessorCount;

    private static readonly int Busy = 30 * Environment.ProcessorCount;

    /// <summary>Many times as long as it takes to find a process hung.</summary>
    private static readonly TimeSpan Loaded = TimeSpan.FromSeconds(40);

    private readonly List<Process> _busy = [];

    public override void Dispose()
    {
        foreach (var process in _busy)
        {
            process.Kill();
            process.Dispose();
        }

        base.Dispose();
    }

    [FaultFact]
    public async Task Supervisor_MachineOverloaded_ReplacesNothing()
    {
        var row = new FaultRow($"overload ({Busy} busy processes)");
        await row.OnceAsync("start and runs", async unused =>
        {
            var decisions = new ConcurrentQueue<string>();
            Load(BusyAtStart);
            await using var pipeline = await PipelineUnderTest.StartAsync(
                ["--Pipeline:Liveness:Startup=00:00:05"], Folder, application => _ = CollectAsync(application, decisions));
            Load(Busy);
            var input = FaultBench.Write(InFolder("input.ndjson"), FaultSettings.Lines, 0.004);
            var began = Stopwatch.GetTimestamp();
            do
            {
                var output = InFolder("results.ndjson");
                var run = await pipeline.RunAsync(
                    new() { Input = input, Output = output, MaxLineBytes = MixedInput.MaxLineBytes }, FaultBench.Patience);
                Assert.Equal((RunState.Completed, 1), (run.State, run.Attempts));
            }
            while (Stopwatch.GetElapsedTime(began) < Loaded);
            Assert.Empty(decisions);
        });
        row.Finish();
    }

    private void Load(int busy)
    {
        while (_busy.Count < busy)
            _busy.Add(Process.Start("sh", ["-c", "while :; do :; done"]));
    }

    private static async Task CollectAsync(DistributedApplication application, ConcurrentQueue<string> decisions)
    {
        await foreach (var change in application.ResourceNotifications.WatchAsync())
        {
            if (change.Snapshot.Properties.FirstOrDefault(property => property.Name == "restart")?.Value is string decision)
                decisions.Enqueue($"{change.ResourceId}: {decision}");
        }
    }
}
