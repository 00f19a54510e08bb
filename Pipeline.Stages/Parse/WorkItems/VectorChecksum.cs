using System.Runtime.Intrinsics;

namespace Pipeline.Stages.Parse.WorkItems;

/// <summary>
/// SUM over i in 0..iterations-1 of inner_i; inner_i = the running sum, from 0.0, over the values, of (v * (i + 1)) * 0.001.
/// IEEE double, left to right, never fused. Each lane of a vector does one i, in the order that a plain loop would, so that
/// the result has the same bits; the lanes are then added up in the order of i.
/// </summary>
internal static class VectorChecksum
{
    private const int Lanes = 4;
    private const int Block = 4 * Lanes;
    private const double Factor = 0.001;

    // Values times lanes between two looks at the cancellation token: about a millisecond.
    private const int WorkBetweenChecks = 1 << 22;

    /// <summary>Computes it.</summary>
    /// <param name="values">The normalized vectors, one after another.</param>
    /// <param name="iterations">From 0.</param>
    /// <param name="cancellationToken">Ends it early: the largest items take seconds.</param>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public static double Compute(ReadOnlySpan<double> values, int iterations, CancellationToken cancellationToken)
    {
        var sum = 0.0;
        long work = 0;
        Span<double> inner = stackalloc double[Block];
        for (var i = 0; i < iterations; i += Block)
        {
            InnerSums(values, i, inner);
            foreach (var one in inner[..Math.Min(Block, iterations - i)])
                sum += one;

            work += (long)values.Length * Block;
            if (work > WorkBetweenChecks)
            {
                work = 0;
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        return sum;
    }

    private static void InnerSums(ReadOnlySpan<double> values, int first, Span<double> inner)
    {
        var factor = Vector256.Create(Factor);
        var n0 = Vector256.Create(first + 1.0, first + 2.0, first + 3.0, first + 4.0);
        var n1 = n0 + Vector256.Create(4.0);
        var n2 = n0 + Vector256.Create(8.0);
        var n3 = n0 + Vector256.Create(12.0);
        Vector256<double> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        foreach (var value in values)
        {
            var v = Vector256.Create(value);
            sum0 += (v * n0) * factor;
            sum1 += (v * n1) * factor;
            sum2 += (v * n2) * factor;
            sum3 += (v * n3) * factor;
        }

        sum0.CopyTo(inner);
        sum1.CopyTo(inner[Lanes..]);
        sum2.CopyTo(inner[(2 * Lanes)..]);
        sum3.CopyTo(inner[(3 * Lanes)..]);
    }
}
