using System.Net;
using Pipeline.Client.Runs;
using Pipeline.Tests.EndToEnd;

namespace Pipeline.Tests.Faults;

/// <summary>Several runs at once, and in any order what people and machines do to them: each comes to the bytes of an undisturbed one.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "several")]
public sealed class SeveralRunsTests
{
    private const int Usual = 10;
    private const int Runs = 4;
    private const int Actions = 12;

    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(0.3);
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(1);
    // Those that take longest: much can be done to them.
    private static readonly Pace[] Paces = [Pace.SmallBatches, Pace.Partitioned, Pace.Steady];

    [FaultFact]
    public async Task SeveralRuns_KilledHeldPausedResumedAndCancelled_SameBytes()
    {
        await using var bench = await FaultBench.StartAsync(3 * FaultSettings.Lines);
        var row = new FaultRow("several runs, anything in any order");
        var (known, cancelled) = (new HashSet<string>(), 0);
        await row.RepeatAsync(FaultSettings.Repeat(Usual), async random =>
        {
            known.UnionWith((await ListAsync(bench)).Select(run => run.Id));
            await DisturbAsync(bench, known, random);
            foreach (var run in (await ListAsync(bench)).Where(run => !known.Contains(run.Id)))
                cancelled += await FinishAsync(bench, run) ? 1 : 0;
        });

        row.Note = $"{bench.Evidence}; {cancelled} were cancelled";
        row.Require(bench.Evidence.ReplayedBatches > 0, "no batch was replayed: the test is vacuous");
        row.Finish();
    }

    private static async Task DisturbAsync(FaultBench bench, HashSet<string> former, Random random)
    {
        var api = bench.Pipeline.Api;
        for (var i = 0; i < Runs; i++)
            await StartAsync();
        for (var i = 0; i < Actions; i++)
        {
            await Task.Delay(LongestGap * random.NextDouble());
            var runs = (await ListAsync(bench)).Where(run => !former.Contains(run.Id)).ToList();
            if (runs.Count == 0)
                continue;
            var id = runs[random.Next(runs.Count)].Id;
            switch (random.Next(10))
            {
                case < 4 when bench.Processes.Find(AnyOf(ServiceProcesses.Services)) is { } process:
                    ServiceProcesses.Kill(process);
                    break;
                case 4 when bench.Processes.Find(AnyOf(PipelineUnderTest.Stages)) is { } process:
                    Signals.Stop(process);
                    await Task.Delay(LongestHold * random.NextDouble());
                    Signals.Continue(process);
                    break;
                case 5 or 6:
                    await TryAsync(() => api.PauseAsync(id));
                    break;
                case 7:
                    await TryAsync(() => api.ResumeAsync(id));
                    break;
                case 8:
                    await TryAsync(() => api.CancelAsync(id));
                    break;
                case 9:
                    await StartAsync();
                    break;
            }
        }

        Task StartAsync() => TryAsync(() => api.StartAsync(bench.NewRun(AnyOf(Paces))));

        T AnyOf<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];
    }

    // Returns whether it was cancelled; such a run can be resumed like one that was paused.
    private static async Task<bool> FinishAsync(FaultBench bench, Run run)
    {
        var wasCancelled = false;
        run = await bench.Pipeline.RestAsync(run, FaultBench.Patience);
        while (run.State is RunState.Paused or RunState.Cancelled)
        {
            wasCancelled |= run.State == RunState.Cancelled;
            try
            {
                await bench.Pipeline.Api.ResumeAsync(run.Id);
            }
            catch (RunsApiException exception) when (exception.Status is null)
            {
                // The orchestrator may have resumed it before it died.
            }

            run = await bench.Pipeline.RestAsync(run, FaultBench.Patience);
        }

        bench.Evidence.Add(run);
        bench.Reference.Check(run);
        Directory.Delete(Path.GetDirectoryName(run.Output)!, recursive: true);
        return wasCancelled;
    }

    private static async Task<IReadOnlyList<Run>> ListAsync(FaultBench bench)
    {
        while (true)
        {
            try
            {
                return await bench.Pipeline.Api.ListAsync();
            }
            catch (RunsApiException exception) when (exception.Status is null)
            {
                await bench.Pipeline.Host.WaitForHealthyAsync("orchestrator");
            }
        }
    }

    // The orchestrator may be down, and the run in a state for which this is nothing.
    private static async Task TryAsync(Func<Task> ask)
    {
        try
        {
            await ask();
        }
        catch (RunsApiException exception) when (exception.Status is null or HttpStatusCode.Conflict)
        {
        }
    }
}
