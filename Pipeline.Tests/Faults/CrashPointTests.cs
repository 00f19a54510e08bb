using System.Globalization;

namespace Pipeline.Tests.Faults;

/// <summary>Sink dies right before and right after each thing it does to the disk and each answer; see CrashPoints for the names.</summary>
[Collection(FaultCollection.Name)]
[Trait("Category", "Faults")]
[Trait("Row", "points")]
public sealed class CrashPointTests : IDisposable
{
    private const int Usual = 10;
    private const int Lines = 20_000;

    private static readonly (string Role, string[] Moments)[] Points =
    [
        ("claim", ["folder_flush"]),
        ("probe", ["create", "delete"]),
        ("results_segment", ["create", "folder_flush", "append", "flush"]),
        ("rejects_segment", ["create", "folder_flush", "append", "flush"]),
        ("checkpoint", ["create", "append", "flush", "rename", "folder_flush", "answer"]),
        ("rejects", ["create", "append", "flush", "rename", "folder_flush", "delete"]),
        ("results", ["create", "append", "flush", "rename", "folder_flush"]),
        ("completion", ["create", "append", "flush", "rename", "folder_flush", "answer"]),
        ("leftover", ["delete"]),
    ];

    private readonly string _order = Path.Combine(Path.GetTempPath(), $"pipeline-order-{Guid.NewGuid():N}");

    public static IEnumerable<string> Names => Points.SelectMany(point => point.Moments.SelectMany(
        moment => new[] { $"{point.Role}.before_{moment}", $"{point.Role}.after_{moment}" }));

    public void Dispose() => File.Delete(_order);

    [FaultFact]
    public async Task A_death_at_any_named_point_changes_nothing()
    {
        await using var mixed = await StartAsync(0.02);
        await using var clean = await StartAsync(0);
        var row = new FaultRow("crash points of Sink");
        foreach (var name in Names)
        {
            // An old rejects file is deleted only where a run has none of its own.
            var bench = name.EndsWith("_delete", StringComparison.Ordinal) && name.StartsWith("rejects.", StringComparison.Ordinal) ? clean : mixed;
            for (var i = 0; i < FaultSettings.Repeat(Usual); i++)
                await row.OnceAsync($"{name}/{i}", random => DieAtAsync(bench, name, random));
        }

        var (replayedLines, discarded) = mixed.Evidence.ReadLogs();
        row.Note = string.Create(
            CultureInfo.InvariantCulture,
            $"{Names.Count()} points, {mixed.Evidence.Recovered + clean.Evidence.Recovered} recovered, {mixed.Evidence.ReplayedBatches} batches and {replayedLines} lines replayed, {discarded} frames discarded");
        row.Require(mixed.Evidence.ReplayedBatches > 0, "nothing was replayed: the test is vacuous");
        row.Finish();
    }

    private async Task DieAtAsync(FaultBench bench, string name, Random random)
    {
        var time = random.Next(1, 4);
        if (await IsReachedAsync(bench, name, time) || (time > 1 && await IsReachedAsync(bench, name, 1)))
            return;
        throw new InvalidOperationException("the point was not reached");
    }

    private async Task<bool> IsReachedAsync(FaultBench bench, string name, int time)
    {
        await bench.ProcessOfAsync("sink");
        await File.WriteAllTextAsync(_order + ".new", string.Create(CultureInfo.InvariantCulture, $"{name}:{time}"));
        File.Move(_order + ".new", _order, overwrite: true);
        var settings = bench.NewRun();
        settings.CheckpointIntervalMillis = 20;
        settings.Rate = Lines * 5;
        await File.WriteAllTextAsync(settings.Output!, "old results");
        await File.WriteAllTextAsync(Path.ChangeExtension(settings.Output!, ".rejects.ndjson"), "old rejects");
        await bench.FinishAsync(await bench.Pipeline.Api.StartAsync(settings));
        var reached = !File.Exists(_order);
        File.Delete(_order);
        return reached;
    }

    private Task<FaultBench> StartAsync(double badShare) => FaultBench.StartAsync(
        path => FaultBench.Write(path, Lines, badShare), $"--Pipeline:Services:sink:Environment:PIPELINE_CRASH_AT=@{_order}");
}
