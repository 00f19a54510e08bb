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
        await using var generator = session.Start(
            "the generator",
            "Pipeline.Cli",
            ["generate", "--count", $"{count}", "--seed", $"{Seed}", "--workload", kind, "--payload", payload, "--output", path],
            []);
        var exitCode = await generator.Exited.WaitAsync(cancellationToken);
        return exitCode == 0 ? new Workload(session.Folder, path, count) : throw generator.Failure();
    }
}
