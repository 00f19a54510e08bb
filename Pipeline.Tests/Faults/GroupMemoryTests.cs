using System.Globalization;
using Pipeline.Client.Runs;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>A group for each line: memory stays in bounds while groups are counted, restored, stored and sorted.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "groups")]
public sealed class GroupMemoryTests
{
    private const long BaseBytes = 400L << 20;
    private const long BytesPerGroup = 100;

    [FaultFact]
    public async Task Run_MillionsOfGroupsAndAggregateKilled_NoProcessExceedsItsBound()
    {
        var groups = 3 * FaultSettings.Lines;
        await using var pipeline = await PipelineUnderTest.StartAsync([.. FaultBench.Configuration]);
        var folder = pipeline.Folder("groups");
        var input = Path.Combine(folder, "input.ndjson");
        await File.WriteAllLinesAsync(
            input,
            Enumerable.Range(0, groups).Select(line => string.Create(
                CultureInfo.InvariantCulture, $$"""{"ts":"2026-01-01T00:00:00Z","type":"click","user":"u{{line % 1000:D4}}","value":{{line % 90 + 10}}}""")));
        var row = new FaultRow("a group for each line");
        await row.OnceAsync("", async _ =>
        {
            var run = await pipeline.Api.StartAsync(new RunSettings
            {
                Input = input,
                Output = Path.Combine(folder, "results.ndjson"),
                GroupBy = ["user", "line"],
            });
            run = await pipeline.UntilAsync(run, now => now.Progress.Checkpoint > 1, FaultBench.Patience);
            var processes = new ServiceProcesses(pipeline.Host.Data);
            ServiceProcesses.Kill(processes.Find("aggregate")!.Value);
            run = await pipeline.RestAsync(run, FaultBench.Patience);

            Assert.Equal((RunState.Completed, 2), (run.State, run.Attempts));
            Assert.Equal(groups, File.ReadLines(run.Output!).Count());
            var peaks = ServiceProcesses.Services.ToDictionary(
                service => service, service => ServiceProcesses.PeakRss(processes.Find(service)!.Value));
            row.Note = $"{groups:N0} groups; {string.Join(", ", peaks.Select(pair => $"{pair.Key} {pair.Value >> 20} MB"))}";
            var bound = BaseBytes + (BytesPerGroup * groups);
            Assert.All(peaks, pair => Assert.True(pair.Value < bound, $"{pair.Key} took {pair.Value >> 20} of {bound >> 20} MB"));
        });
        row.Finish();
    }
}
