namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>A condition over the rows of a frame.</summary>
internal abstract class Predicate
{
    /// <summary>True: it costs a call for each row, so rows that do not matter had better be left out.</summary>
    public virtual bool IsPerRow => false;

    /// <summary>Evaluates the condition.</summary>
    /// <param name="rows">The frame.</param>
    /// <param name="skip">By row: other than 0 = its outcome does not matter.</param>
    /// <param name="outcomes">By row: an <see cref="Outcome"/>.</param>
    public abstract void Evaluate(FrameRows rows, ReadOnlySpan<byte> skip, Span<byte> outcomes);
}

/// <summary>The same for every row.</summary>
/// <param name="outcome">An <see cref="Outcome"/>.</param>
internal sealed class ConstantPredicate(byte outcome) : Predicate
{
    public override void Evaluate(FrameRows rows, ReadOnlySpan<byte> skip, Span<byte> outcomes) =>
        outcomes.Fill(outcome);
}

/// <summary>Holds where the other does not.</summary>
internal sealed class NotPredicate(Predicate operand) : Predicate
{
    public override bool IsPerRow => operand.IsPerRow;

    public override void Evaluate(FrameRows rows, ReadOnlySpan<byte> skip, Span<byte> outcomes)
    {
        operand.Evaluate(rows, skip, outcomes);
        Masks.Not(outcomes);
    }
}

/// <summary>Both, or one of both; the right one does not matter, not even its failure, where the left one decides.</summary>
internal sealed class JunctionPredicate(Predicate left, Predicate right, bool isAnd) : Predicate
{
    public override bool IsPerRow => left.IsPerRow || right.IsPerRow;

    public override void Evaluate(FrameRows rows, ReadOnlySpan<byte> skip, Span<byte> outcomes)
    {
        left.Evaluate(rows, skip, outcomes);
        var mask = rows.RentMask();
        var rightOutcomes = mask.AsSpan(0, outcomes.Length);
        if (right.IsPerRow)
        {
            var skipMask = rows.RentMask();
            var rightSkip = skipMask.AsSpan(0, outcomes.Length);
            Masks.Decided(outcomes, isAnd ? Outcome.True : Outcome.False, skip, rightSkip);
            right.Evaluate(rows, rightSkip, rightOutcomes);
            rows.ReturnMask(skipMask);
        }
        else
        {
            right.Evaluate(rows, skip, rightOutcomes);
        }

        Masks.Replace(outcomes, isAnd ? Outcome.True : Outcome.False, rightOutcomes);
        rows.ReturnMask(mask);
    }
}
