using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Monolith;

/// <summary>How the chain in one process runs.</summary>
public sealed record MonolithOptions
{
    /// <summary>Batches that are parsed at once, their order kept: 1 to 64.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Folders that the input may lie and the output may be written below; absolute paths.</summary>
    public required IReadOnlyList<string> Roots { get; init; }

    /// <summary>A stage that takes part in the chain; null = none. With it lines are parsed by one thread.</summary>
    public ForeignStage? Foreign { get; init; }
}

/// <summary>A stage that is not the monolith's own.</summary>
/// <param name="Role">parse, rules or aggregate: it takes the place of that stage. Another role stands between rules and aggregate.</param>
/// <param name="Create">Makes the stage, of what it answers to.</param>
/// <param name="Answers">What the last stage answers to: the stage gets it from there, and hands it on.</param>
public sealed record ForeignStage(string Role, Func<IAnswerOutput, ITransform> Create, IAnswerOutput Answers);
