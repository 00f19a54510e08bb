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
    // The default ones drop what is below 10: stages behind them would see no negative value.
    private const string RulesThatDropNothing = """{"rules":[{"set":"rule","to":"type"}]}""";

    /// <summary>Runs both.</summary>
    public async Task RunAsync(CheckRun run)
    {
        var lines = run.Limits.ReferenceLines / share;
        // The next check reads it, too.
        var input = Path.Combine(run.Folder, $"input-{lines}");
        if (!Directory.Exists(input))
            ReferenceInput.Write(input, lines, run.Cancellation);
        var byteForByte = !run.Target.IsOwn || run.Target.PassesThrough;
        run.Step(
            $"{lines} lines in batches of {(batchSize == 0 ? "automatic size" : batchSize)}, grouped by {string.Join(", ", groupBy)}, "
            + "through a route with the stage in it",
            byteForByte ? "results and rejects byte for byte as without it" : "every line counted once",
            ContractText.Conservation);
        var plain = Open(run, input);
        var expected = await WithinAsync(
            run, ending => MonolithRunner.RunAsync(plain, new MonolithOptions { Roots = [run.Folder] }, null, null, CancellationToken.None, ending));
        await using var route = new ReferenceRoute(run);
        await route.StartAsync();
        var open = Open(run, input);
        try
        {
            var came = await WithinAsync(run, ending => route.RunAsync(open, ending));
            if (byteForByte)
                Compare(run, plain.Options.Output, open.Options.Output);
            else
                run.Require(came.Lines == expected.Lines && came.WorkItems == expected.WorkItems, $"the counts {came}; without the stage {expected}");
        }
        catch (StageException failure)
        {
            run.Require(false, $"the run failed: {failure.Failure}");
        }
    }

    private OpenRun Open(CheckRun run, string input)
    {
        var open = Messages.Opening.Of(run, groupBy);
        open.Route.Clear();
        open.Path.Clear();
        open.Options.Input = input;
        open.Options.Output = Path.Combine(open.Options.WorkDirectory, "results.ndjson");
        open.Options.BatchSize = batchSize;
        open.Options.CheckpointIntervalMicros = 20_000;
        open.Options.Rate = 0;
        open.Options.Rules = run.Target.AppliesRules ? "" : RulesThatDropNothing;
        return open;
    }

    private static async Task<Counts> WithinAsync(CheckRun run, Func<CancellationToken, Task<RunCompleted>> work)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
        var running = Task.Run(() => work(ending.Token), CancellationToken.None);
        try
        {
            return (await run.WithinAsync(running, run.Limits.Reference)).Counts;
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
