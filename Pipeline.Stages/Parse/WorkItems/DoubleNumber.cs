using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Pipeline.Stages.Parse.WorkItems;

/// <summary>
/// JSON numbers to the nearest double, ties to even, as the framework does but about five times as fast for numbers as
/// generators write them. After D. Lemire, Number Parsing at a Gigabyte per Second (2021), and N. Mushtak and D. Lemire, Fast Number
/// Parsing Without Fallback (2023); numbers with more than 19 digits or far from 1 are left to the framework.
/// </summary>
internal static class DoubleNumber
{
    private const int MaxDigits = 19;
    private const int MaxPower = 64;
    private const int MantissaBits = 52;
    private const int ExponentBias = 1023;

    // Powers of ten in order of exponent from -MaxPower on, as 128 bits of which the uppermost is set, upper half first.
    private static readonly ulong[] Powers = MakePowers();

    /// <summary>Reads the number that <paramref name="text"/> begins with.</summary>
    /// <param name="text">Begins with a valid JSON number.</param>
    /// <param name="length">Bytes of the number.</param>
    /// <returns>The nearest double; an infinity where it is too large for any.</returns>
    public static double Parse(ReadOnlySpan<byte> text, out int length)
    {
        var at = text[0] == '-' ? 1 : 0;
        ulong digits = 0;
        var first = at;
        var point = -1;
        for (; at < text.Length; at++)
        {
            var digit = (uint)(text[at] - '0');
            if (digit <= 9)
                digits = (digits * 10) + digit;
            else if (text[at] == '.')
                point = at;
            else
                break;
        }

        var exponent = point < 0 ? 0 : point + 1 - at;
        var count = at - first - (point < 0 ? 0 : 1);
        length = at;
        if (at < text.Length && (text[at] | 0x20) == 'e')
        {
            length = EndOfExponent(text, at + 1);
            return ByFramework(text[..length]);
        }

        // Leading zeros do not count: 0.0001234.. has few digits.
        if ((count > MaxDigits && count - LeadingZeros(text[first..at]) > MaxDigits) || exponent < -MaxPower)
            return ByFramework(text[..length]);

        var value = Scale(digits, exponent);
        return text[0] == '-' ? -value : value;
    }

    // digits * 10^power, for a power from -64 to 0.
    private static double Scale(ulong digits, int power)
    {
        if (digits == 0)
            return 0;

        var zeros = BitOperations.LeadingZeroCount(digits);
        digits <<= zeros;
        var index = 2 * (power + MaxPower);
        var high = Math.BigMul(digits, Powers[index], out var low);
        if ((high & 0x1FF) == 0x1FF)
        {
            var carry = Math.BigMul(digits, Powers[index + 1], out _);
            low += carry;
            high += carry > low ? 1UL : 0;
        }

        var upper = (int)(high >> 63);
        var shift = upper + 64 - MantissaBits - 3;
        var mantissa = high >> shift;
        var exponent = (((152170 + 65536) * power) >> 16) + 63 + upper - zeros + ExponentBias;

        // Exactly between two doubles: only where 5^-power divides the digits.
        if (low <= 1 && power >= -4 && (mantissa & 3) == 1 && mantissa << shift == high)
            mantissa &= ~1UL;

        mantissa = (mantissa + (mantissa & 1)) >> 1;
        if (mantissa >= 2UL << MantissaBits)
        {
            mantissa = 1UL << MantissaBits;
            exponent++;
        }

        return BitConverter.UInt64BitsToDouble((mantissa & ~(1UL << MantissaBits)) | ((ulong)exponent << MantissaBits));
    }

    private static int EndOfExponent(ReadOnlySpan<byte> text, int at)
    {
        at += text[at] is (byte)'+' or (byte)'-' ? 1 : 0;
        while (at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9')
            at++;

        return at;
    }

    private static int LeadingZeros(ReadOnlySpan<byte> text)
    {
        var zeros = 0;
        foreach (var one in text)
        {
            if (one is not ((byte)'0' or (byte)'.'))
                break;

            zeros += one == '0' ? 1 : 0;
        }

        return zeros;
    }

    // Not Utf8Parser: of 9009805614775337.00000000000, which is a tie, it makes the odd neighbour.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static double ByFramework(ReadOnlySpan<byte> text) =>
        double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);

    private static ulong[] MakePowers()
    {
        var powers = new ulong[2 * (MaxPower + 1)];
        for (var power = -MaxPower; power <= 0; power++)
        {
            // Of 1/5^n the upper 128 bits, rounded up.
            var five = BigInteger.Pow(5, -power);
            var bits = (int)five.GetBitLength() + 127;
            var value = power == 0 ? BigInteger.One << 127 : ((BigInteger.One << bits) / five) + 1;
            powers[2 * (power + MaxPower)] = (ulong)(value >> 64);
            powers[(2 * (power + MaxPower)) + 1] = (ulong)(value & ulong.MaxValue);
        }

        return powers;
    }
}
