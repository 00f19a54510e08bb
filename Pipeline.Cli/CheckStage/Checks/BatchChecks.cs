using Pipeline.Cli.CheckStage.Hops;
using Pipeline.Cli.CheckStage.Messages;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Checks;

/// <summary>Batches, checkpoints and answers on their way.</summary>
internal static class BatchChecks
{
    /// <summary>No line is lost or counted twice, or in another run that is open, and filtered ones are told before the checkpoint.</summary>
    public static async Task CountsAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        run.Step("OpenRun of a run, while another one is open", "both are open at once", ContractText.AtOnce);
        using var other = await run.OpenAsync();
        run.Step("batches and checkpoints in both", "all of them at the hop below", ContractText.Conservation);
        var passages = await Task.WhenAll(PassAsync(attempt, attempt.Traffic, 1), PassAsync(other, other.Traffic, 2));
        Count(run, attempt.Traffic, passages[0]);
        Count(run, other.Traffic, passages[1]);

        static Task<Passage> PassAsync(Attempt attempt, Traffic traffic, int times) => attempt.PassAsync(
            [
                traffic.Events(30 * times), traffic.Lost(5 * times), traffic.Checkpoint(),
                traffic.WorkItems(3), traffic.Rejects(4, 20), traffic.Events(30), traffic.Checkpoint(),
                traffic.Lost(2),
            ]);
    }

    private static void Count(CheckRun run, Traffic traffic, Passage passage)
    {
        var tally = new Tally();
        foreach (var message in passage.Taken)
        {
            tally.Add(message);
            if (message.Checkpoint is { More: false } checkpoint && traffic.SentBefore.TryGetValue(checkpoint.Id, out var lines))
            {
                run.Step(
                    $"{lines} lines as events, work items, rejects and filtered, then checkpoint {checkpoint.Id}",
                    "as many at the hop below, before the checkpoint",
                    checkpoint.Id == 3 ? ContractText.Checkpoint : ContractText.Conservation);
                run.Require(tally.Lines == lines, tally.ToString());
            }
        }
    }

    /// <summary>Nothing overtakes anything.</summary>
    public static async Task OrderAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        var traffic = attempt.Traffic;
        const string Sent = "60 batches of events, work items and rejects, in order of their lines, from ten files";
        const string InOrder = "each kind in the order of its lines";
        run.Step(Sent, InOrder, ContractText.Downwards);
        var passage = await attempt.PassAsync(Enumerable.Range(0, 60).Select(batch => (batch % 6) switch
        {
            4 => traffic.WorkItems(15),
            5 => traffic.Rejects(5, 20),
            _ => traffic.Events(20),
        }));
        var events = passage.Taken.Select(message => message.Events).OfType<EventBatch>().ToList();
        foreach (var batch in events)
            EventBatches.RequireWhole(run, Sent, batch);
        run.Step(Sent, "batches of events at the hop below with the file that their lines are from", ContractText.File);
        var strayed = events.FirstOrDefault(batch => LinesOf(batch).Any(line => EventBatches.FileOf(line) != batch.File));
        run.Require(strayed is null, $"line {LinesOf(strayed).FirstOrDefault()} in a batch with file = '{strayed?.File}'");
        run.Step(Sent, InOrder, ContractText.Downwards);
        Ordered("events", events.SelectMany(LinesOf));
        Ordered("rejects", events.SelectMany(batch => batch.Rejects).Select(reject => reject.Line));
        Ordered("work items", passage.Taken.SelectMany(message => message.WorkItems?.Items ?? []).Select(item => item.Line));

        static IEnumerable<long> LinesOf(EventBatch? batch) =>
            batch?.Columns.FirstOrDefault(column => column.Name == ColumnNames.Line) is { } lines ? EventBatches.Numbers(lines, batch.Count) : [];

        void Ordered(string kind, IEnumerable<long> lines)
        {
            var before = 0L;
            foreach (var line in lines)
            {
                run.Require(line > before, $"{kind}: line {line} behind line {before}");
                if (line <= before)
                    return;
                before = line;
            }
        }
    }

    /// <summary>Checkpoints are handed on byte by byte.</summary>
    public static async Task CheckpointsAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        var traffic = attempt.Traffic;
        StageInput[] messages =
        [
            traffic.Events(3), traffic.Checkpoint(), traffic.Events(3),
            .. run.Target.Aggregates ? [traffic.Checkpoint()] : traffic.PagedCheckpoint(), traffic.Events(3), traffic.Checkpoint(),
        ];
        var checkpoints = messages.Select(message => message.Checkpoint).OfType<Checkpoint>().ToList();
        run.Step(
            $"the checkpoints {string.Join(", ", checkpoints.Select(Opening.Show))}",
            run.Target.Aggregates ? "each with its position byte by byte, and with the state" : "the same, byte by byte",
            ContractText.Checkpoint);
        var came = (await attempt.PassAsync(messages)).Taken
            .Select(message => message.Checkpoint).OfType<Checkpoint>().SkipLast(1).ToList();
        var same = run.Target.Aggregates
            ? came.Where(page => !page.More).Select(page => (page.Id, page.Position))
                .SequenceEqual(checkpoints.Select(page => (page.Id, page.Position)))
                && came.All(page => page.State is { IsIntact: true })
            : came.SequenceEqual(checkpoints);
        run.Require(same, string.Join(", ", came.Select(Opening.Show)));
    }

    /// <summary>What the hop below answers comes up unchanged.</summary>
    public static async Task AnswersAsync(CheckRun run)
    {
        using var attempt = await run.OpenAsync();
        var traffic = attempt.Traffic;
        var passage = await attempt.PassAsync([traffic.Checkpoint()]);
        var answers = passage.Answers;
        var expected = passage.Taken.Select(message => message.Checkpoint).OfType<Checkpoint>()
            .Select(checkpoint => new CheckpointCommitted { Id = checkpoint.Id, Position = checkpoint.Position }).ToList();
        run.Step("CheckpointCommitted of two checkpoints from the hop below", "the same, byte by byte", ContractText.Upwards);
        var committed = answers.Select(answer => answer.CheckpointCommitted).OfType<CheckpointCommitted>().ToList();
        run.Require(committed.SequenceEqual(expected), committed.Count == 0 ? "none" : string.Join(", ", committed.Select(Opening.Show)));
        run.Step($"{Opening.Show(BelowScript.Figures)} from the hop below", "the same", ContractText.Upwards);
        run.Require(expected.Count == 0 || answers.Contains(BelowScript.Figures), "none of it");
    }

    /// <summary>The largest message passes.</summary>
    public static async Task MessageSizeAsync(CheckRun run)
    {
        const int Rejects = 16;
        using var attempt = await run.OpenAsync();
        var traffic = attempt.Traffic;
        // Some bytes less, for what the stage may add.
        var message = traffic.Rejects(Rejects, (StageContract.MaxMessageBytes / Rejects) - 128);
        run.Step(
            $"a message of {message.CalculateSize()} bytes with {Rejects} rejects",
            "the rejects at the hop below",
            ContractText.MessageSize);
        var tally = new Tally();
        (await attempt.PassAsync([message])).Taken.ForEach(tally.Add);
        run.Require(tally.Rejected == Rejects, tally.ToString());
    }
}
