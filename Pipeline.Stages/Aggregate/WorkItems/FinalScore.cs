using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Aggregate.WorkItems;

/// <summary>
/// Aggregate's part of a work item, as docs/design.md defines it. IEEE 754 doubles, strictly left to right; .NET neither fuses
/// nor reorders floating-point operations that are written out.
/// </summary>
internal static class FinalScore
{
    private const int Rounds = 50;
    private const double RoundWeight = 0.001;
    private const double PairWeight = 0.1;

    /// <summary>Sets the final score, and clears what only it needed.</summary>
    public static void Apply(WorkItem item)
    {
        var eigenSum = 0.0;
        foreach (var value in item.Eigenvalues)
            eigenSum += value;

        var final = 0.0;
        for (var round = 0; round < Rounds; round++)
            final += (item.Score + eigenSum) * (round + 1) * RoundWeight;

        for (var pair = 0; pair + 1 < item.Eigenvalues.Count; pair++)
            final += Math.Abs(item.Eigenvalues[pair] * item.Eigenvalues[pair + 1]) * PairWeight;

        item.FinalScore = final;
        item.Eigenvalues.Clear();
    }
}
