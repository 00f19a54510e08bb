namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>What became of a condition for one row, as a byte of a mask. A row's state is the same byte: 0 = it is still there.</summary>
internal static class Outcome
{
    /// <summary>The condition does not hold; as a state: the row is still there.</summary>
    public const byte False = 0;

    /// <summary>It holds; the row is dropped.</summary>
    public const byte True = 1;

    /// <summary>It could not be evaluated; the row is rejected.</summary>
    public const byte Failed = 2;

    /// <summary>In tables: not evaluated yet.</summary>
    public const byte Unknown = 255;
}
