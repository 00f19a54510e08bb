using Pipeline.Cli.Generator;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Tests.Faults;

namespace Pipeline.Tests.EndToEnd;

/// <summary>The transforms of samples/ in the place of the stage rules: the bytes of the monolith, which has the same rules.</summary>
public sealed class TransformTests
{
    private const int Lines = 20_000;

    [NodeFact]
    public Task Run_NodeTransformForRules_HasTheMonolithsBytes() => RunAsync("node", "transform.js");

    [PythonFact]
    public Task Run_PythonTransformForRules_HasTheMonolithsBytes() => RunAsync(Languages.Python, "transform.py");

    private static async Task RunAsync(string command, string program)
    {
        var sample = Languages.Sample(program.EndsWith(".js", StringComparison.Ordinal) ? "node" : "python");
        await using var pipeline = await PipelineUnderTest.StartAsync(
            "--Pipeline:Services:rules:Replicas=0",
            "--Pipeline:Processes:other:Role=rules",
            $"--Pipeline:Processes:other:Command={command}",
            $"--Pipeline:Processes:other:Arguments:0={program}",
            $"--Pipeline:Processes:other:Directory={sample}",
            "--Pipeline:Restart:InitialDelay=00:00:00.02");
        var input = Path.Combine(pipeline.Folder("input"), "input.ndjson");
        await using (var file = File.Create(input))
        {
            LineGenerator.Write(new GeneratorOptions { Count = Lines }, file, null, CancellationToken.None);
            file.Write("no event\n"u8);
        }

        var monolith = await RunTests.MonolithAsync(input, Path.Combine(pipeline.Folder("input"), "monolith.ndjson"), pipeline.Folder("input"));
        var expected = await BytesAsync(monolith.Output);
        foreach (var batchSize in new[] { 1, 100, 0 })
        {
            var run = await pipeline.RunAsync(Settings($"batch-{batchSize}", batchSize));
            Assert.Equal((RunState.Completed, 1, ""), (run.State, run.Attempts, string.Join("; ", run.History.Select(attempt => attempt.Error?.Message))));
            Assert.Equal(expected, await BytesAsync(run.Output));
        }

        // Killed or stopped in the middle, the program is started again, and the attempt is made again.
        foreach (var (name, disturb) in new (string, Action<int>)[] { ("killed", ServiceProcesses.Kill), ("stopped", Signals.Stop) })
        {
            var paced = Settings(name, 100);
            paced.Rate = Lines / 5.0;
            var disturbed = await pipeline.UntilAsync(await pipeline.Api.StartAsync(paced), now => now.Progress.Lines > 0);
            disturb(ProcessOf(pipeline, program));
            disturbed = await pipeline.RestAsync(disturbed);

            Assert.Equal(RunState.Completed, disturbed.State);
            Assert.InRange(disturbed.Attempts, 2, 10);
            Assert.Contains(disturbed.History, attempt => attempt.Error?.Reason == FailureReasons.ProgramFailed);
            Assert.Equal(expected, await BytesAsync(disturbed.Output));
        }

        RunSettings Settings(string name, int batchSize) => new()
        {
            Input = input,
            Output = Path.Combine(pipeline.Folder(name), "results.ndjson"),
            BatchSize = batchSize,
            MaxLineBytes = MixedInput.MaxLineBytes,
            CheckpointIntervalMillis = 20,
        };
    }

    private static int ProcessOf(PipelineUnderTest pipeline, string program) => new ServiceProcesses(pipeline.Host.Data).All()
        .Single(id => File.ReadAllText($"/proc/{id}/cmdline").EndsWith(program + "\0", StringComparison.Ordinal));

    private static async Task<(string Results, string Rejects)> BytesAsync(string output) => (
        await File.ReadAllTextAsync(output), await File.ReadAllTextAsync(Path.ChangeExtension(output, "rejects.ndjson")));
}
