namespace Pipeline.Stages.Core.Runtime;

/// <summary>What a stage process serves.</summary>
/// <param name="Role">What it does in a pipeline, such as "parse".</param>
/// <param name="Accepts">Kinds of batch it takes; none: it is a source.</param>
/// <param name="Emits">Kinds of batch it hands on.</param>
/// <param name="Create">Makes the stage of one attempt.</param>
public sealed record StageDefinition(
    string Role, IReadOnlyList<string> Accepts, IReadOnlyList<string> Emits, Func<StageContext, IStage> Create);
