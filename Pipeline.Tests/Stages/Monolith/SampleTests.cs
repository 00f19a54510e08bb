using Pipeline.Contracts.V1;
using Pipeline.Stages.Monolith;

namespace Pipeline.Tests.Stages.Monolith;

/// <summary>The input in samples/ gives the results and rejects in samples/.</summary>
public sealed class SampleTests : FolderTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    public async Task RunAsync_SampleInput_WritesTheSampleResultsAndRejects(int threads, int batchSize)
    {
        var samples = Path.Combine(Repository.Root, "samples");
        var open = new OpenRun
        {
            RunId = $"sample-{Path.GetFileName(Folder)}",
            Attempt = 1,
            Options = new RunOptions
            {
                Input = Path.Combine(samples, "events.ndjson"),
                Output = Path.Combine(Folder, "results.ndjson"),
                WorkDirectory = Folder,
                BatchSize = batchSize,
                MaxLineBytes = 1 << 20,
                GroupBy = { "type" },
            },
        };

        var completed = await MonolithRunner.RunAsync(
            open, new MonolithOptions { Threads = threads, Roots = [samples, Folder] }, null, null, CancellationToken.None, CancellationToken.None);

        Assert.Equal(["ingest", "parse", "rules", "aggregate", "sink"], completed.Stages.Select(stage => stage.Role));
        Assert.Equal(25, completed.Counts.Lines);
        foreach (var file in new[] { "results.ndjson", "results.rejects.ndjson" })
            Assert.Equal(await File.ReadAllTextAsync(Path.Combine(samples, file)), await File.ReadAllTextAsync(Path.Combine(Folder, file)));
    }
}
