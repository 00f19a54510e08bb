using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>What becomes of RunOpened on its way up.</summary>
internal static class RunOpenedChecks
{
    private const string RuleColumn = "rule";

    /// <summary>Stored state comes up in pages, and skipped as it is.</summary>
    public static async Task PagesAsync(CheckRun run)
    {
        var last = Opening.Answer(run.Target);
        last.Resume = Opening.Stored[1];
        last.Skipped = new SkippedFiles { Count = Opening.Unroundable, Paths = { ".hidden" } };
        run.Step(
            "RunOpened from the hop below in two pages of checkpoint 7",
            run.Target.Aggregates ? "RunOpened with the last page alone: the other is Aggregate's state" : "both pages, byte for byte",
            ContractText.RunOpened);
        using var attempt = await run.OpenAsync(pages: [new RunOpened { Resume = Opening.Stored[0], More = true }, last]);
        var expected = run.Target.Aggregates ? Opening.Stored.Skip(1) : Opening.Stored;
        run.Require(
            attempt.Pages.Select(page => page.Resume).SequenceEqual(expected),
            string.Join(", then ", attempt.Pages.Select(page => Opening.Show(page.Resume))));
        run.Step($"RunOpened from the hop below with skipped = {last.Skipped}", "the same", ContractText.RunOpened);
        run.Require(last.Skipped.Equals(attempt.Opened.Skipped), Opening.Show(attempt.Opened.Skipped));
        if (!run.Target.Aggregates)
            return;
        run.Step("a checkpoint after state that was restored", "the restored groups and counts in its state", ContractText.AggregateState);
        var passage = await attempt.PassAsync([]);
        var states = passage.Taken.Select(message => message.Checkpoint?.OpenState()).OfType<CheckpointState>().ToList();
        var groups = states.SelectMany(state => state.Groups).ToHashSet();
        run.Require(
            groups.SetEquals(Opening.Groups) && Opening.Counts.Equals(states.LastOrDefault()?.Counts),
            string.Join(", ", states.Select(state => Opening.Show(state))));
    }

    /// <summary>lines_taken never becomes less.</summary>
    public static async Task LinesTakenAsync(CheckRun run)
    {
        var answer = Opening.Answer(run.Target);
        answer.LinesTaken = Opening.Unroundable;
        run.Step($"RunOpened from the hop below with lines_taken = {answer.LinesTaken}", "no less", ContractText.RunOpened);
        using var attempt = await run.OpenAsync(pages: [answer]);
        run.Require(attempt.Opened.LinesTaken >= answer.LinesTaken, $"lines_taken = {attempt.Opened.LinesTaken}");
    }

    /// <summary>The columns asked for above are those that are needed, for every grouping; and what is wanted below comes.</summary>
    public static async Task ColumnsAsync(CheckRun run)
    {
        string[][] built = [.. ColumnNames.All.Select(name => new[] { name }), [ColumnNames.Type, ColumnNames.User]];
        string[][] withRule = [[RuleColumn], [RuleColumn, .. ColumnNames.All]];
        foreach (var grouping in run.Target.TakesLines ? built : [.. built, .. withRule])
        {
            string[] wanted = run.Target.Aggregates ? [] : [.. grouping.Union([ColumnNames.Value])];
            using var attempt = await run.OpenAsync(Opening.Of(run, grouping), [Opening.Answer(run.Target, wanted)]);
            Asked(run, grouping, wanted, attempt.Opened.Columns);
            var sent = $"events with the columns that the stage asked for: {List(attempt.Opened.Columns)}";
            run.Step(
                sent,
                $"in every batch of events at the hop below the columns that it asked for: {List(wanted)}",
                ContractText.Columns);
            var traffic = attempt.Traffic;
            var passage = await attempt.PassAsync([traffic.Events(30)]);
            foreach (var events in passage.Taken.Select(message => message.Events).Where(events => events is { Count: > 0 }))
            {
                var came = events.Columns.Select(column => column.Name).ToList();
                run.Require(wanted.All(came.Contains), List(came));
            }

            foreach (var events in passage.Taken.Select(message => message.Events).OfType<EventBatch>())
                EventBatches.RequireWhole(run, sent, events);
        }
    }

    private static void Asked(CheckRun run, string[] grouping, string[] wanted, IReadOnlyCollection<string> asked)
    {
        var (least, foreign, expected) = run.Target switch
        {
            { TakesLines: true } => ([], asked, "none: lines have no columns"),
            { Aggregates: true } => Needs([.. grouping, ColumnNames.Value]),
            { AppliesRules: true } => Needs([.. wanted.Except([RuleColumn]), ColumnNames.Type, ColumnNames.Value]),
            _ => ([], [], "any"),
        };
        run.Step(
            $"OpenRun with group_by {List(grouping)}, and RunOpened from the hop below with the columns {List(wanted)}",
            expected,
            ContractText.RunOpened);
        run.Require(least.All(asked.Contains) && foreign.Count == 0, $"the columns {List(asked)}");

        (IReadOnlyCollection<string> Least, IReadOnlyCollection<string> Foreign, string Expected) Needs(string[] names) =>
            (names,
            run.Target.AppliesRules ? [.. asked.Except(ColumnNames.All)] : [],
            $"the columns {List(names.Distinct())}, and none that the stage sets itself");
    }

    private static string List(IEnumerable<string> names) => $"[{string.Join(", ", names)}]";
}
