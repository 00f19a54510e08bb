using System.Globalization;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.Faults;

/// <summary>A process dies right before and right after each of its disk operations and answers; see CrashPoints for the names.</summary>
[Collection(WholeMachineCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "points")]
public sealed class CrashPointTests : IDisposable
{
    private const int Usual = 10;
    private const int Lines = 10_000;

    private static readonly string[] SealedFile = ["create", "append", "flush", "rename", "folder_flush"];

    private static readonly (string Role, string[] Moments)[] OfSink =
    [
        ("claim", ["folder_flush"]),
        ("probe", ["create", "delete"]),
        ("results_segment", ["create", "folder_flush", "append", "flush"]),
        ("rejects_segment", ["create", "folder_flush", "append", "flush"]),
        ("checkpoint", [.. SealedFile, "answer"]),
        ("rejects", SealedFile),
        ("results", SealedFile),
        ("completion", [.. SealedFile, "answer"]),
        ("leftover", ["delete"]),
    ];

    // An old rejects file is deleted only where a run has none of its own.
    private static readonly (string Role, string[] Moments)[] OfSinkWithoutRejects = [("rejects", ["delete"])];

    private static readonly (string Role, string[] Moments)[] OfOrchestrator = [("run_folder", ["folder_flush"]), ("run", SealedFile)];

    private readonly string _order = Path.Combine(Path.GetTempPath(), $"pipeline-order-{Guid.NewGuid():N}");
    private readonly HashSet<string> _reachedOnce = [];

    public void Dispose() => File.Delete(_order);

    [FaultFact]
    public async Task Crash_SinkAtAnyNamedPoint_SameBytes()
    {
        var row = new FaultRow("crash points of Sink");
        var (rejects, none) = (NamesOf(OfSink), NamesOf(OfSinkWithoutRejects));
        var evidence = await DieAtAllAsync(row, "sink", 0.02, rejects);
        var more = await DieAtAllAsync(row, "sink", 0, none);
        row.Note = string.Create(CultureInfo.InvariantCulture, $"{rejects.Length + none.Length} points; {evidence}; without rejects: {more}");
        row.Require(evidence.ReplayedBatches > 0, "no batch was replayed: the test is vacuous");
        row.Require(more.Recovered > 0, "no run without rejects took a second attempt: the test is vacuous");
        row.Finish();
    }

    [FaultFact]
    public async Task Crash_OrchestratorAtAnyNamedPoint_SameBytes()
    {
        var row = new FaultRow("crash points of the orchestrator");
        var names = NamesOf(OfOrchestrator);
        var evidence = await DieAtAllAsync(row, "orchestrator", 0.02, names);
        row.Note = string.Create(CultureInfo.InvariantCulture, $"{names.Length} points; {evidence}");
        row.Require(evidence.Recovered > 0, "no run took a second attempt: the test is vacuous");
        row.Finish();
    }

    private static string[] NamesOf((string Role, string[] Moments)[] points) =>
        [.. points.SelectMany(point => point.Moments.SelectMany(moment => new[] { $"{point.Role}.before_{moment}", $"{point.Role}.after_{moment}" }))];

    private async Task<Evidence> DieAtAllAsync(FaultRow row, string service, double badShare, string[] names)
    {
        // Several instances of Sink: one takes over at once while the others restart.
        await using var bench = await FaultBench.StartAsync(
            path => FaultBench.Write(path, Lines, badShare),
            $"--Pipeline:Services:{service}:Environment:PIPELINE_CRASH_AT={_order}",
            "--Pipeline:Services:sink:Replicas=4");
        foreach (var name in names)
        {
            for (var i = 0; i < FaultSettings.Repeat(Usual); i++)
            {
                // Sink's points include those at files that it replaces. Without any, the next orchestrator finds what the run itself has written.
                var overwrites = service == "sink" || i % 2 == 0;
                await row.OnceAsync($"{name}/{i}", random => DieAtAsync(bench, service, name, overwrites, random));
            }
        }

        return bench.Evidence;
    }

    private async Task DieAtAsync(FaultBench bench, string service, string name, bool overwrites, Random random)
    {
        // Some points are reached once in a run, others again and again.
        var time = _reachedOnce.Contains(name) ? 1 : random.Next(1, 4);
        if (await IsReachedAsync(bench, name, time, overwrites))
            return;
        if (time > 1)
        {
            _reachedOnce.Add(name);
            if (await IsReachedAsync(bench, name, 1, overwrites))
                return;
        }

        throw new InvalidOperationException("the point was not reached");
    }

    private async Task<bool> IsReachedAsync(FaultBench bench, string name, int time, bool overwrites)
    {
        var settings = bench.NewRun() with { Overwrite = overwrites };
        settings.CheckpointIntervalMillis = 20;
        settings.Rate = Lines * 10;
        if (overwrites)
        {
            await File.WriteAllTextAsync(settings.Output!, "old results");
            await File.WriteAllTextAsync(Path.ChangeExtension(settings.Output!, ".rejects.ndjson"), "old rejects");
        }

        await File.WriteAllTextAsync(_order + ".new", string.Create(CultureInfo.InvariantCulture, $"{name}:{time}"));
        File.Move(_order + ".new", _order, overwrite: true);
        await bench.FinishAsync(await StartAsync(bench, settings));
        var reached = !File.Exists(_order);
        File.Delete(_order);
        return reached;
    }

    // If the orchestrator dies before it answers, the caller does not know whether the run was created, and looks it up.
    private static async Task<Run> StartAsync(FaultBench bench, RunSettings settings)
    {
        using var timeout = new CancellationTokenSource(FaultBench.Patience);
        for (var asked = false; ; asked = true)
        {
            try
            {
                return asked && (await bench.Pipeline.Api.ListAsync()).FirstOrDefault(run => run.Output == settings.Output) is { } run
                    ? run
                    : await bench.Pipeline.Api.StartAsync(settings);
            }
            catch (RunsApiException exception) when (exception.Status is null)
            {
                await Task.Delay(FaultBench.Glance, timeout.Token);
            }
        }
    }
}
