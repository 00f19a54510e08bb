using System.Numerics;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>The double nearest to an exact quotient, ties to even.</summary>
internal static class ExactAverage
{
    private const int SignificandBits = 53;
    private static readonly Int128 LargestExact = (Int128)1 << SignificandBits;

    /// <summary>(sum / 10^scale) / count.</summary>
    /// <param name="sum">At its scale.</param>
    /// <param name="scale">Decimals, 0 to 9.</param>
    /// <param name="count">From 1.</param>
    public static double Of(Int128 sum, int scale, long count)
    {
        for (; scale > 0 && sum % 10 == 0; scale--)
            sum /= 10;

        var divisor = (Int128)count * PowersOfTen.Values[scale];

        // Both exact as doubles: IEEE division rounds the exact quotient once.
        return Int128.Abs(sum) <= LargestExact && divisor <= LargestExact
            ? (double)sum / (double)divisor
            : Divide(sum, divisor);
    }

    private static double Divide(BigInteger sum, BigInteger divisor)
    {
        // A quotient of at least two bits more than a double holds; the remainder, if any, sets the last of them, so that
        // the one rounding that follows sees on which side of a tie the exact quotient lies.
        var magnitude = BigInteger.Abs(sum);
        var shift = (int)(divisor.GetBitLength() - magnitude.GetBitLength()) + SignificandBits + 3;
        var quotient = shift >= 0
            ? BigInteger.DivRem(magnitude << shift, divisor, out var remainder)
            : BigInteger.DivRem(magnitude, divisor << -shift, out remainder);
        if (!remainder.IsZero)
            quotient |= BigInteger.One;

        var value = Math.ScaleB((double)(long)quotient, -shift);
        return sum.Sign < 0 ? -value : value;
    }
}
