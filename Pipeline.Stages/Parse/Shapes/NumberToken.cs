using System.Numerics;
using System.Runtime.CompilerServices;
using Pipeline.Stages.Parse.Events;

namespace Pipeline.Stages.Parse.Shapes;

/// <summary>
/// Reads JSON numbers in raw bytes, eight digits at once; 32 bytes behind the end of the line can be read. What stands behind the number is
/// for the caller to check: in a shape it is a literal, whose first byte cannot go on with a number.
/// </summary>
internal static unsafe class NumberToken
{
    private const ulong Zeros = 0x30303030_30303030;

    /// <summary>Reads a number as <see cref="DecimalNumber"/> does.</summary>
    /// <returns>The byte behind it; null where it is no number, or out of range.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Read(byte* at, out long mantissa, out int scale)
    {
        var start = at;
        var negative = *at == '-';
        at += negative ? 1 : 0;
        var digits = *(ulong*)at ^ Zeros;
        var count = DigitCount(digits);
        if ((uint)(count - 1) < 7 && ((byte)digits != 0 || count == 1) && (at[count] | 0x20) != 'e' && at[count] != '.')
        {
            var whole = (long)Eight(digits << (64 - (8 * count)));
            mantissa = negative ? -whole : whole;
            scale = 0;
            return at + count;
        }

        return ReadOther(start, out mantissa, out scale);
    }

    /// <summary>The byte behind a number; null where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* End(byte* at)
    {
        var digits = *(ulong*)at ^ Zeros;
        var count = DigitCount(digits);
        count += count == 8 ? DigitCount(*(ulong*)(at + 8) ^ Zeros) : 0;
        return (uint)(count - 1) < 15 && ((byte)digits != 0 || count == 1) && (at[count] | 0x20) != 'e' && at[count] != '.'
            ? at + count
            : EndOfOther(at);
    }

    private static byte* ReadOther(byte* start, out long mantissa, out int scale)
    {
        mantissa = 0;
        scale = 0;
        var end = EndOfOther(start);
        return end != null && DecimalNumber.TryParse(new ReadOnlySpan<byte>(start, (int)(end - start)), out mantissa, out scale) ? end : null;
    }

    private static byte* EndOfOther(byte* at)
    {
        at += *at == '-' ? 1 : 0;
        var whole = at;
        at = EndOfDigits(at);
        if (at == whole || (*whole == '0' && at - whole > 1))
            return null;

        if (*at == '.')
        {
            var fraction = at + 1;
            at = EndOfDigits(fraction);
            if (at == fraction)
                return null;
        }

        if ((*at | 0x20) == 'e')
        {
            at += at[1] is (byte)'+' or (byte)'-' ? 2 : 1;
            var exponent = at;
            at = EndOfDigits(at);
            if (at == exponent)
                return null;
        }

        return at;
    }

    private static byte* EndOfDigits(byte* at)
    {
        while (true)
        {
            var count = DigitCount(*(ulong*)at ^ Zeros);
            at += count;
            if (count < 8)
                return at;
        }
    }

    // Bytes below 10 before the first other one. A carry out of a byte can only spoil those behind it.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int DigitCount(ulong digits) =>
        BitOperations.TrailingZeroCount(((digits + 0x76767676_76767676) | digits) & 0x80808080_80808080) >> 3;

    // Eight digits as one number, the first in the lowest byte: pairs, then fours, then all.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Eight(ulong digits)
    {
        digits = (digits * 10) + (digits >> 8);
        return (((digits & 0x000000FF_000000FF) * 0x000F4240_00000064) + (((digits >> 16) & 0x000000FF_000000FF) * 0x00002710_00000001)) >> 32;
    }
}
