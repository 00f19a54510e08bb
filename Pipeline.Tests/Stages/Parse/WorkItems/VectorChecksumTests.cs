using CsCheck;
using Pipeline.Stages.Parse.WorkItems;

namespace Pipeline.Tests.Stages.Parse.WorkItems;

public sealed class VectorChecksumTests
{
    [Fact]
    public void Compute_RandomVectors_HasTheBitsOfAPlainLoop() =>
        Gen.Select(Gen.Double[-1, 1].Array[1, 40], Gen.Int[0, 100]).Sample((values, iterations) =>
            BitConverter.DoubleToInt64Bits(VectorChecksum.Compute(values, iterations, CancellationToken.None))
            == BitConverter.DoubleToInt64Bits(Plain(values, iterations)));

    [Fact]
    public void Compute_Cancelled_Throws()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Assert.Throws<OperationCanceledException>(() => VectorChecksum.Compute(new double[500_000], 100_000, cancelled.Token));
    }

    private static double Plain(double[] values, int iterations)
    {
        var sum = 0.0;
        for (var i = 0; i < iterations; i++)
        {
            var inner = 0.0;
            foreach (var v in values)
            {
                var one = v * (i + 1);
                one *= 0.001;
                inner += one;
            }

            sum += inner;
        }

        return sum;
    }
}
