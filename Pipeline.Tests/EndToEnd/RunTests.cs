using System.IO.Compression;
using Pipeline.Cli.Generator;
using Pipeline.Client.Runs;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Monolith;

namespace Pipeline.Tests.EndToEnd;

/// <summary>Runs from input file to result file, whose bytes are compared.</summary>
[Collection(PipelineCollection.Name)]
public sealed class RunTests(PipelineFixture fixture)
{
    private const string Groups = """
        {"key":"click","count":30387,"sum":1672013,"avg":55.02395761345312}
        {"key":"purchase","count":30288,"sum":1656819,"avg":54.702159270998415}

        """;

    private PipelineUnderTest Pipeline => fixture.Pipeline;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(10_000)]
    [InlineData(0)]
    public async Task Run_AnyBatchSize_SameKnownResultsAndCounts(int batchSize)
    {
        var folder = Pipeline.Folder($"standard-{batchSize}");
        var run = await Pipeline.RunAsync(new RunSettings
        {
            Input = Standard(),
            Output = Path.Combine(folder, "results.ndjson"),
            BatchSize = batchSize,
        });

        Assert.Equal((RunState.Completed, null), (run.State, run.Error));
        Assert.Equal(Groups, await File.ReadAllTextAsync(Path.Combine(folder, "results.ndjson")));
        Assert.Equal(new RunCounts { Lines = 100_000, Events = 60_675, Filtered = 39_325 }, run.Counts);
        Assert.Equal(["results.ndjson"], Names(folder));
        Assert.Equal(
            [("ingest", 100_000, 100_000), ("parse", 100_000, 100_000), ("rules", 100_000, 60_675), ("aggregate", 60_675, 2), ("sink", 2, 0)],
            run.Stages.Select(stage => (stage.Role, (int)stage.ItemsIn, (int)stage.ItemsOut)));
    }

    [Theory]
    [InlineData("mixed.ndjson", 1)]
    [InlineData("mixed.ndjson.gz", 1)]
    [InlineData("mixed.ndjson", 5)]
    public async Task Run_MixedInput_SameFilesAndCountsAsTheMonolith(string name, int partitions)
    {
        var folder = Pipeline.Folder($"mixed-{partitions}{Path.GetExtension(name)}");
        var input = Path.Combine(folder, name);
        var expected = WriteMixed(input);
        var monolith = await MonolithAsync(input, Path.Combine(folder, "monolith.ndjson"), folder);

        var run = await Pipeline.RunAsync(new RunSettings
        {
            Input = input,
            Output = Path.Combine(folder, "split.ndjson"),
            MaxLineBytes = MixedInput.MaxLineBytes,
            Partitions = partitions,
        });

        Assert.Equal((RunState.Completed, null), (run.State, run.Error));
        Assert.Equal(RunCounts.Of(monolith.Counts), run.Counts);
        Assert.Equal(expected, run.Counts with { Events = 0, Filtered = 0 });
        Assert.Equal(run.Counts.Lines, run.Counts.Events + run.Counts.Filtered + run.Counts.WorkItems + run.Counts.Rejected + run.Counts.Blank);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "monolith.ndjson")), File.ReadAllBytes(run.Output));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "monolith.rejects.ndjson")), File.ReadAllBytes(run.Rejects!));
        Assert.Equal(partitions == 1 ? 0 : partitions, run.Slices.Count);
        Assert.Equal(expected.Rejected, File.ReadLines(run.Rejects!).Count());
        Assert.Equal(expected.WorkItems, File.ReadLines(run.Output).Count(line => line.StartsWith("{\"workItemId\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_GeneratedInputAndSamples_HasTheKnownSums()
    {
        var folder = Pipeline.Folder(nameof(Run_GeneratedInputAndSamples_HasTheKnownSums));
        var input = Path.Combine(folder, "input");
        await KnownBytes.WriteInputAsync(input);

        var run = await Pipeline.RunAsync(new RunSettings { Input = input, Output = Path.Combine(folder, "results.ndjson") });

        Assert.Equal((RunState.Completed, null), (run.State, run.Error));
        Assert.Equal((KnownBytes.Results, KnownBytes.Rejects), (KnownBytes.Sum(run.Output), KnownBytes.Sum(run.Rejects!)));
    }

    [Fact]
    public async Task Run_InputDirectoryWithoutInput_IsRefusedAndWritesNothing()
    {
        var folder = Pipeline.Folder("nothing");
        var settings = new RunSettings { Input = Pipeline.Folder("no-input"), Output = Path.Combine(folder, "results.ndjson") };

        var refused = await Assert.ThrowsAsync<RunsApiException>(() => Pipeline.RunAsync(settings));

        Assert.Equal("input", Assert.Single(refused.Fields).Field);
        Assert.Contains("holds no *.ndjson", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Names(folder));
    }

    [Fact]
    public async Task Resume_PausedRun_CompletesWithTheKnownResults()
    {
        var folder = Pipeline.Folder("paused");
        var run = await Pipeline.Api.StartAsync(new RunSettings
        {
            Input = Standard(),
            Output = Path.Combine(folder, "results.ndjson"),
            CheckpointIntervalMillis = 20,
            Rate = 100_000,
        });
        await Pipeline.UntilAsync(run, now => now.Progress.Lines > 0);

        await Pipeline.Api.PauseAsync(run.Id);
        var paused = await Pipeline.RestAsync(run);
        Assert.Equal(RunState.Paused, paused.State);
        Assert.InRange(paused.Progress.Lines, 1, 99_999);
        Assert.Empty(Names(folder));

        await Pipeline.Api.ResumeAsync(run.Id);
        var completed = await Pipeline.RestAsync(run);
        Assert.Equal((RunState.Completed, 2), (completed.State, completed.Attempts));
        Assert.Equal(Groups, await File.ReadAllTextAsync(completed.Output));
    }

    private string Standard()
    {
        var path = Path.Combine(Pipeline.Host.Data, "standard.ndjson");
        if (!File.Exists(path))
        {
            using var file = File.Create(path);
            LineGenerator.Write(new GeneratorOptions(), file, null, CancellationToken.None);
        }

        return path;
    }

    private static RunCounts WriteMixed(string path)
    {
        using Stream file = File.Create(path);
        using var stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : file;
        return MixedInput.Write(stream, lines: 20_000, seed: 7);
    }

    internal static async Task<RunCompleted> MonolithAsync(string input, string output, string folder, string rules = "", params string[] groupBy)
    {
        var open = new OpenRun
        {
            RunId = "monolith",
            Attempt = 1,
            Options = new RunOptions
            {
                Input = input,
                Output = output,
                WorkDirectory = Directory.CreateDirectory(Path.Combine(folder, "work")).FullName,
                MaxLineBytes = MixedInput.MaxLineBytes,
                CheckpointIntervalMicros = 1_000_000,
                Rules = rules,
                GroupBy = { groupBy.Length == 0 ? ["type"] : groupBy },
            },
        };
        var options = new MonolithOptions { Threads = 1, Roots = [folder] };
        return await MonolithRunner.RunAsync(open, options, null, null, CancellationToken.None, CancellationToken.None);
    }

    private static string[] Names(string folder) => [.. Directory.EnumerateFileSystemEntries(folder).Select(path => Path.GetFileName(path)).Order()];
}
