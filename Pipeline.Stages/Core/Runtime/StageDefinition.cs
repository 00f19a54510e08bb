namespace Pipeline.Stages.Core.Runtime;

/// <summary>Kinds of batch that a stage takes or hands on, as it registers them.</summary>
public static class BatchKinds
{
    /// <summary>LineBatch.</summary>
    public const string Lines = "lines";

    /// <summary>EventBatch.</summary>
    public const string Events = "events";

    /// <summary>WorkItemBatch.</summary>
    public const string WorkItems = "work_items";
}

/// <summary>What a stage process serves.</summary>
/// <param name="Role">What it does in a pipeline, such as "parse".</param>
/// <param name="Accepts">Kinds of batch it takes; none: it is a source.</param>
/// <param name="Emits">Kinds of batch it hands on.</param>
/// <param name="Create">Makes the stage of one attempt.</param>
public sealed record StageDefinition(
    string Role, IReadOnlyList<string> Accepts, IReadOnlyList<string> Emits, Func<StageContext, IStage> Create);
