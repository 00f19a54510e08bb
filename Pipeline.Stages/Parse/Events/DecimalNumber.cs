using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.Events;

/// <summary>JSON numbers as exact decimals: mantissa / 10^scale without trailing zeros, |mantissa| below 2^63, scale 0 to 9.</summary>
internal static class DecimalNumber
{
    /// <summary>Most decimals.</summary>
    public const int MaxScale = 9;

    // Far beyond any exponent that a line could make up for with digits, and far from overflow.
    private const long ExponentCap = 1L << 40;

    /// <summary>Reads a number.</summary>
    /// <param name="token">A valid JSON number, of any length.</param>
    /// <param name="mantissa">Zero for -0 too.</param>
    /// <param name="scale">Decimals.</param>
    /// <returns>False where it has no such form.</returns>
    public static bool TryParse(ReadOnlySpan<byte> token, out long mantissa, out int scale)
    {
        mantissa = 0;
        scale = 0;
        var negative = token[0] == '-';
        var at = negative ? 1 : 0;
        ulong digits = 0;
        long trailingZeros = 0;
        long decimals = 0;
        var afterPoint = false;
        for (; at < token.Length && (token[at] | 0x20) != 'e'; at++)
        {
            if (token[at] == '.')
            {
                afterPoint = true;
                continue;
            }

            decimals += afterPoint ? 1 : 0;
            var digit = (ulong)(token[at] - '0');
            if (digit == 0)
            {
                trailingZeros += digits == 0 ? 0 : 1;
                continue;
            }

            if (digits != 0 && !TryShift(ref digits, trailingZeros + 1))
                return false;

            digits += digit;
            trailingZeros = 0;
            if (digits > long.MaxValue)
                return false;
        }

        if (digits == 0)
            return true;

        var exponent = (at < token.Length ? Exponent(token[(at + 1)..]) : 0) - decimals + trailingZeros;
        if (exponent < -MaxScale || (exponent > 0 && !TryShift(ref digits, exponent)) || digits > long.MaxValue)
            return false;

        scale = exponent < 0 ? (int)-exponent : 0;
        mantissa = negative ? -(long)digits : (long)digits;
        return true;
    }

    private static bool TryShift(ref ulong digits, long places)
    {
        if (places >= PowersOfTen.Values.Length)
            return false;

        var high = Math.BigMul(digits, (ulong)PowersOfTen.Values[(int)places], out digits);
        return high == 0 && digits <= ulong.MaxValue - 9;
    }

    private static long Exponent(ReadOnlySpan<byte> text)
    {
        var negative = text[0] == '-';
        long exponent = 0;
        foreach (var digit in text[(text[0] is (byte)'-' or (byte)'+' ? 1 : 0)..])
            exponent = Math.Min(ExponentCap, (exponent * 10) + (digit - '0'));

        return negative ? -exponent : exponent;
    }
}
