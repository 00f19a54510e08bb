using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Rules.Expressions;

/// <summary>A number as columns hold it: mantissa / 10^scale, the mantissa without trailing zeros.</summary>
/// <param name="Mantissa">Magnitude below 2^63.</param>
/// <param name="Scale">0 to 9.</param>
internal readonly record struct Number(long Mantissa, int Scale)
{
    public const int MaxScale = 9;

    /// <summary>Rounds to nine decimals, half to even.</summary>
    /// <returns>False where the magnitude is too large.</returns>
    public static bool TryRound(decimal value, out Number number)
    {
        number = default;
        var rounded = Math.Round(value, MaxScale, MidpointRounding.ToEven);
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(rounded, bits);
        var scale = (bits[3] >> 16) & 0xFF;
        var magnitude = ((UInt128)(uint)bits[2] << 64) | ((ulong)(uint)bits[1] << 32) | (uint)bits[0];
        while (scale > 0 && magnitude % 10 == 0)
        {
            magnitude /= 10;
            scale--;
        }

        if (magnitude > long.MaxValue)
            return false;

        number = new Number(bits[3] < 0 ? -(long)magnitude : (long)magnitude, scale);
        return true;
    }

    /// <summary>The decimal that calculations start from: without trailing zeros, so that its scale never matters.</summary>
    public static decimal ToDecimal(long mantissa, int scale)
    {
        while (scale > 0)
        {
            var (quotient, remainder) = Math.DivRem(mantissa, 10);
            if (remainder != 0)
                break;

            mantissa = quotient;
            scale--;
        }

        var magnitude = mantissa < 0 ? 0UL - (ulong)mantissa : (ulong)mantissa;
        return new decimal((int)magnitude, (int)(magnitude >> 32), 0, mantissa < 0, (byte)scale);
    }

    /// <summary>The mantissa at a larger scale.</summary>
    /// <returns>False where it has no room in 64 bits.</returns>
    public bool TryRescale(int scale, out long mantissa)
    {
        var wide = (Int128)Mantissa * PowersOfTen.Values[scale - Scale];
        mantissa = (long)wide;
        return wide == mantissa;
    }
}
