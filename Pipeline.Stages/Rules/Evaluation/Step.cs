namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>A rule, or a part of one, over the rows of a frame that are still there.</summary>
internal abstract class Step : IDisposable
{
    /// <summary>Changes the state of rows, or makes a column.</summary>
    /// <returns>False: the frame must be cut in two.</returns>
    public abstract bool TryApply(FrameRows rows);

    public virtual void Dispose()
    {
    }
}

/// <summary>Brings rows back that were hidden from the steps before.</summary>
/// <param name="hidden">Their state.</param>
internal sealed class ShowStep(byte hidden) : Step
{
    public override bool TryApply(FrameRows rows)
    {
        rows.Show(hidden);
        return true;
    }
}

/// <summary>What became of a row, as a byte. Above <see cref="Failed"/>: it is hidden from the steps for the right side of an "and".</summary>
internal static class Outcome
{
    /// <summary>It is still there.</summary>
    public const byte Kept = 0;

    /// <summary>A condition held: it is dropped.</summary>
    public const byte Dropped = 1;

    /// <summary>An expression could not be evaluated: it is rejected.</summary>
    public const byte Failed = 2;

    /// <summary>In tables: not evaluated yet.</summary>
    public const byte Unknown = 255;
}
