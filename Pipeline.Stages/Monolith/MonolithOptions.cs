namespace Pipeline.Stages.Monolith;

/// <summary>How the chain in one process runs.</summary>
public sealed record MonolithOptions
{
    /// <summary>Batches that are parsed at once, their order kept: 1 to 64.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Folders that the input may lie and the output may be written below; absolute paths.</summary>
    public required IReadOnlyList<string> Roots { get; init; }
}
