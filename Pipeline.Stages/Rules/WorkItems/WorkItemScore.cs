using Google.Protobuf.Collections;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Rules.WorkItems;

/// <summary>
/// Rules' part of a work item: eigenvalues and score, as docs/design.md defines them. IEEE 754 doubles, strictly left to right;
/// .NET neither fuses nor reorders floating-point operations that are written out.
/// </summary>
internal static class WorkItemScore
{
    private const int Rounds = 500;
    private const int Eigenvalues = 5;
    private const double Weight = 0.001;

    /// <summary>Sets eigenvalues and score, and clears what only they needed.</summary>
    /// <exception cref="StageException">protocol_violation: the matrix has not as many values as rows and columns say.</exception>
    public static void Apply(WorkItem item)
    {
        if (item.MatrixRows < 0 || (long)item.MatrixRows * item.MatrixColumns != item.Matrix.Count)
            throw new StageException(FailureReasons.ProtocolViolation, $"work item '{item.Id}' whose matrix is not rows times columns");

        var mean = item.Vectors.Count == 0 ? 0.0 : Sum(item.Vectors, 0, item.Vectors.Count) / item.Vectors.Count;
        for (var index = 0; index < Math.Min(Eigenvalues, item.Vectors.Count); index++)
            item.Eigenvalues.Add(item.Vectors[index]);

        var perRound = item.VectorChecksum + MatrixScore(item) + mean;
        var score = 0.0;
        for (var round = 0; round < Rounds; round++)
            score += perRound * (round + 1) * Weight;

        item.Score = score;
        item.Vectors.Clear();
        item.Matrix.Clear();
        item.MatrixRows = 0;
        item.MatrixColumns = 0;
    }

    private static double MatrixScore(WorkItem item)
    {
        var score = 0.0;
        for (var row = 0; row < item.MatrixRows; row++)
            score += Sum(item.Matrix, row * item.MatrixColumns, item.MatrixColumns);

        return score;
    }

    private static double Sum(RepeatedField<double> values, int start, int count)
    {
        var sum = 0.0;
        for (var index = start; index < start + count; index++)
            sum += values[index];

        return sum;
    }
}
