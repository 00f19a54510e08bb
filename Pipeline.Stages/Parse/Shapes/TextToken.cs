using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text.Unicode;
using Pipeline.Stages.Parse.Lines;

namespace Pipeline.Stages.Parse.Shapes;

/// <summary>Finds the end of strings in raw bytes; 32 bytes behind the end of the line can be read.</summary>
internal static unsafe class TextToken
{
    /// <summary>The closing quote of a string without escapes, valid as UTF-8; null where it is not such a string.</summary>
    /// <param name="at">Its first byte after the opening quote.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* End(byte* at)
    {
        var end = NextSpecial(at);
        return *end == '"' ? end : *end >= 0x80 ? EndOfUtf8(at, end) : null;
    }

    /// <summary>As <see cref="End"/>, but escapes may be in it, those of lone surrogates excepted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* EndOfIgnored(byte* at)
    {
        var end = NextSpecial(at);
        return *end == '"' ? end : *end < 0x20 ? null : EndOfEscaped(at, end);
    }

    /// <summary>The first quote, backslash or control character.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* NextQuoteOrEscape(byte* at)
    {
        while (true)
        {
            var bytes = Vector256.Load(at);
            var special = Vector256.LessThan(bytes, Vector256.Create((byte)0x20))
                | Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\\'));
            var bits = special.ExtractMostSignificantBits();
            if (bits != 0)
                return at + BitOperations.TrailingZeroCount(bits);

            at += Vector256<byte>.Count;
        }
    }

    // The first byte that is no plain ASCII character of a string.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* NextSpecial(byte* at)
    {
        while (true)
        {
            // As signed numbers, control characters and all beyond ASCII are below the space.
            var bytes = Vector256.Load(at);
            var special = Vector256.LessThan(bytes.AsSByte(), Vector256.Create((sbyte)0x20)).AsByte()
                | Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\\'));
            var bits = special.ExtractMostSignificantBits();
            if (bits != 0)
                return at + BitOperations.TrailingZeroCount(bits);

            at += Vector256<byte>.Count;
        }
    }

    private static byte* EndOfUtf8(byte* start, byte* at)
    {
        while (*at >= 0x80)
            at = NextSpecial(at + 1);

        return *at == '"' && Utf8.IsValid(new ReadOnlySpan<byte>(start, (int)(at - start))) ? at : null;
    }

    private static byte* EndOfEscaped(byte* start, byte* at)
    {
        while (*at != '"')
        {
            if (*at < 0x20)
                return null;

            if (*at == '\\')
            {
                if (at[1] == 'u' || !JsonEscapes.IsEscape(at + 1))
                    return null;

                at++;
            }

            at = NextSpecial(at + 1);
        }

        return Utf8.IsValid(new ReadOnlySpan<byte>(start, (int)(at - start))) ? at : null;
    }
}
