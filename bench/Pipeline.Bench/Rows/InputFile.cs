using Pipeline.Bench.Figures;
using Pipeline.Bench.Services;

namespace Pipeline.Bench.Rows;

/// <summary>The input, made by the command line's generate: the same bytes on every machine.</summary>
internal static class InputFile
{
    /// <summary>Lines are events.</summary>
    public const string Events = "events";

    /// <summary>Lines are work items.</summary>
    public const string WorkItems = "work-items";

    private const int Seed = 42;

    /// <summary>Makes it.</summary>
    /// <param name="session">Where.</param>
    /// <param name="count">Lines.</param>
    /// <param name="kind">"events" or "work-items".</param>
    /// <param name="payload">Size of a work item: "small", "medium" or "large".</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Workload> GenerateAsync(Session session, long count, string kind, string payload, CancellationToken cancellationToken)
    {
        var path = Path.Combine(session.Folder, "input.ndjson");
        await using var generator = ServiceProcess.Start(
            "the generator",
            "Pipeline.Cli",
            ["generate", "--count", $"{count}", "--seed", $"{Seed}", "--workload", kind, "--payload", payload, "--output", path],
            []);
        var exitCode = await generator.Exited.WaitAsync(cancellationToken);
        return exitCode == 0 ? new Workload(session.Folder, path, count) : throw generator.Failure();
    }
}

/// <summary>One way to do the work; a row of the report.</summary>
internal interface IRow
{
    /// <summary>Name in the report.</summary>
    string Name { get; }

    /// <summary>Does it once.</summary>
    Task<Outcome> RunAsync(CancellationToken cancellationToken);
}

/// <summary>What came of it.</summary>
/// <param name="Measurement">What it took.</param>
/// <param name="Results">Bytes of the results file; null where there is none, and Groups stand instead.</param>
/// <param name="Groups">The same in figures.</param>
internal sealed record Outcome(Measurement Measurement, byte[]? Results, IReadOnlyList<GroupResult>? Groups = null);

/// <summary>One group of the result.</summary>
internal sealed record GroupResult(string Key, long Count, decimal Sum, double Avg);

/// <summary>Figures of the benchmark's own process.</summary>
internal static class InProcess
{
    /// <summary>Its peak, with all that rows before this one have left in it: an upper bound.</summary>
    public static Dictionary<string, long> PeakRss() => new() { ["bench"] = Stages.Core.Metrics.AttemptMetrics.ReadPeakRssBytes() };
}

/// <summary>What all rows work on.</summary>
/// <param name="Folder">Temporary; everything is below it.</param>
/// <param name="Input">The generated file.</param>
/// <param name="Lines">Its lines.</param>
internal sealed record Workload(string Folder, string Input, long Lines)
{
    /// <summary>Bytes of the file.</summary>
    public long Bytes => new FileInfo(Input).Length;

    /// <summary>A path for results, used once.</summary>
    public string NewOutput() => Path.Combine(Folder, $"{Guid.NewGuid():N}.ndjson");
}
