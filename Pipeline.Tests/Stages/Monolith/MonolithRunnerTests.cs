using System.Text;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Monolith;
using Pipeline.Tests.Stages.Rules;

namespace Pipeline.Tests.Stages.Monolith;

public sealed class MonolithRunnerTests : FolderTests
{
    // The value of line 7 has no scale in common with that of line 6: between them the frame of events is cut.
    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    public async Task RunAsync_RejectsOfSeveralStagesAroundACut_AreInOrderOfTheInput(int threads, int batchSize)
    {
        var lines = new StringBuilder();
        foreach (var value in new[] { "1", "2", "3", "4", new string('9', 300), "10000000000", "0.123456789", "x", "10000000000" })
            lines.Append($$$"""{"ts":"2026-01-01T00:00:00Z","type":"a","user":"u","value":{{{value}}},"metadata":{}}""").Append('\n');

        var open = Open(lines.ToString());
        open.Options.BatchSize = batchSize;
        open.Options.MaxLineBytes = 200;
        open.Options.Rules = RulesRun.Json("x = 1 / (value - 10000000000)");

        await RunAsync(open, threads, null);

        var rejects = await File.ReadAllLinesAsync(InFolder("out.rejects.ndjson"));
        Assert.Equal([5, 6, 8, 9], rejects.Select(reject => System.Text.Json.JsonDocument.Parse(reject).RootElement.GetProperty("line").GetInt32()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task RunAsync_StageFailsWhileIngestWaits_FailsForItsReason(int threads)
    {
        const string Line = """{"ts":"2026-01-01T00:00:00Z","type":"a","user":"u","value":1,"metadata":{}}""";
        var open = Open(string.Concat(Enumerable.Repeat(Line + "\n", 10_000)));
        open.Options.Rate = 100;
        open.Options.CheckpointIntervalMicros = RunLimits.MinCheckpointMicros;

        var failure = await Assert.ThrowsAsync<StageException>(() => RunAsync(open, threads, new FailingAtCheckpoint()).WaitAsync(Waiting.Limit));

        Assert.Equal(FailureReasons.DiskFull, failure.Failure.Reason);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 3)]
    public async Task RunAsync_SampleInput_WritesTheSampleResultsAndRejects(int threads, int batchSize)
    {
        var open = Open("");
        File.Copy(Sample("events.ndjson"), open.Options.Input, overwrite: true);
        open.Options.BatchSize = batchSize;

        var completed = await RunAsync(open, threads, null);

        Assert.Equal(["ingest", "parse", "rules", "aggregate", "sink"], completed.Stages.Select(stage => stage.Role));
        Assert.Equal(25, completed.Counts.Lines);
        Assert.Equal(File.ReadAllText(Sample("results.ndjson")), File.ReadAllText(InFolder("out.ndjson")));
        Assert.Equal(File.ReadAllText(Sample("results.rejects.ndjson")), File.ReadAllText(InFolder("out.rejects.ndjson")));

        static string Sample(string name) => Path.Combine(Repository.Root, "samples", name);
    }

    private OpenRun Open(string input) => new()
    {
        RunId = "run-1",
        Attempt = 1,
        Options = new RunOptions
        {
            Input = Write("in.ndjson", input),
            Output = InFolder("out.ndjson"),
            WorkDirectory = InFolder("work"),
            MaxLineBytes = 1 << 20,
            GroupBy = { "type" },
        },
    };

    private Task<RunCompleted> RunAsync(OpenRun open, int threads, IProgress<StageOutput>? answers) => MonolithRunner.RunAsync(
        open, new MonolithOptions { Threads = threads, Roots = [Folder] }, answers, null, CancellationToken.None, CancellationToken.None);

    private sealed class FailingAtCheckpoint : IProgress<StageOutput>
    {
        public void Report(StageOutput value)
        {
            if (value.CheckpointCommitted is not null)
                throw new StageException(FailureReasons.DiskFull, "full");
        }
    }
}
