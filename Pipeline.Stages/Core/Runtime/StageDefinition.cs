using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>What a stage process serves.</summary>
/// <param name="Role">What it does in a pipeline, such as "parse".</param>
/// <param name="Accepts">Kinds of batch it takes; none: it is a source.</param>
/// <param name="Emits">Kinds of batch it hands on.</param>
/// <param name="Create">Makes the stage of one attempt.</param>
/// <param name="Check">What it would refuse of a run's options, at most 100 errors; null: nothing that could be told before.</param>
/// <param name="OptionsDigest">Another text whenever settings of the process differ that change results; null: there are no such settings.</param>
public sealed record StageDefinition(
    string Role, IReadOnlyList<string> Accepts, IReadOnlyList<string> Emits, Func<StageContext, IStage> Create,
    Func<RunOptions, IReadOnlyList<OptionError>>? Check = null, string? OptionsDigest = null);
