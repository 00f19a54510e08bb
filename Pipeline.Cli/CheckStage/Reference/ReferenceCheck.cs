using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Monolith;

namespace Pipeline.Cli.CheckStage.Reference;

/// <summary>A run through the stage and the monolith's others, compared with the monolith's own.</summary>
/// <param name="batchSize">Lines of a batch; 0 = auto.</param>
/// <param name="groupBy">Columns to group by.</param>
/// <param name="share">One of how many of the lines, from 1: small batches take long.</param>
internal sealed class ReferenceCheck(int batchSize, string[] groupBy, int share)
{
    /// <summary>Runs both.</summary>
    public async Task RunAsync(CheckRun run)
    {
        var lines = run.Limits.ReferenceLines / share;
        // The next check reads it, too.
        var input = Path.Combine(run.Folder, $"{lines}.ndjson");
        if (!File.Exists(input))
            ReferenceInput.Write(input, lines, run.Cancellation);
        var byteForByte = !run.Target.IsOwn || run.Target.PassesThrough;
        run.Step(
            $"{lines} lines in batches of {(batchSize == 0 ? "automatic size" : batchSize)}, grouped by {string.Join(", ", groupBy)}, "
            + "through the monolith with the stage in it",
            byteForByte ? "results and rejects byte for byte as without it" : "every line counted once",
            ContractText.Conservation);
        await using var rest = await RestOfChain.StartAsync(run.Target.RoleBelow, run.Target.Key, run.Cancellation);
        var foreign = new ForeignStage(
            run.Target.Role, answers => new StageUnderCheck(run.Target, rest, answers, run.Limits.Answer, run.Time), rest);
        var (expected, plain) = await RunAsync(run, input, "monolith", null);
        try
        {
            var (came, checkedCounts) = await RunAsync(run, input, "checked", foreign);
            if (byteForByte)
            {
                Compare(run, expected, came);
            }
            else
            {
                run.Require(
                    checkedCounts.Lines == plain.Lines && checkedCounts.WorkItems == plain.WorkItems,
                    $"the counts {checkedCounts}; without the stage {plain}");
            }
        }
        catch (StageException failure)
        {
            run.Require(false, $"the run failed: {failure.Failure}");
        }
    }

    private async Task<(string Output, Counts Counts)> RunAsync(CheckRun run, string input, string name, ForeignStage? foreign)
    {
        var id = $"{name}-{run.Below.NewRunId()}";
        var work = Directory.CreateDirectory(Path.Combine(run.Folder, id)).FullName;
        var output = Path.Combine(work, "results.ndjson");
        var open = new OpenRun
        {
            RunId = id,
            Attempt = 1,
            Options = new RunOptions
            {
                Input = input,
                Output = output,
                WorkDirectory = work,
                BatchSize = batchSize,
                LingerMicros = 5_000,
                MaxLineBytes = 1 << 20,
                GroupBy = { groupBy },
                ExtraAggregates = { "min", "max" },
                CheckpointIntervalMicros = 20_000,
            },
        };
        var options = new MonolithOptions { Roots = [run.Folder], Foreign = foreign };
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
        var running = Task.Run(
            () => MonolithRunner.RunAsync(open, options, null, null, CancellationToken.None, ending.Token), CancellationToken.None);
        try
        {
            return (output, (await run.WithinAsync(running, run.Limits.Reference)).Counts);
        }
        finally
        {
            await ending.CancelAsync();
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Compare(CheckRun run, string expected, string came)
    {
        foreach (var rejects in new[] { false, true })
        {
            var (right, wrong) = (Read(expected, rejects), Read(came, rejects));
            var at = right.Zip(wrong).TakeWhile(pair => pair.First == pair.Second).Count();
            run.Require(
                at == right.Length && at == wrong.Length,
                $"{(rejects ? "rejects" : "results")}, line {at + 1}: {wrong.ElementAtOrDefault(at) ?? "none"}, "
                + $"in the place of {right.ElementAtOrDefault(at) ?? "none"}");
        }
    }

    private static string[] Read(string output, bool rejects)
    {
        var path = rejects ? OutputFiles.Of(output).Rejects : output;
        return File.Exists(path) ? File.ReadAllText(path).Split('\n') : [];
    }
}
