using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Pipeline.Stages.Parse.Events;

namespace Pipeline.Stages.Parse.Shapes;

/// <summary>
/// Reads a line along a shape. It says yes only to what the full parser accepts with the same values; any doubt is a no.
/// Nothing here stops at the end of a line: "\n" fits no literal and no slot, so that reading goes at most 32 bytes beyond it.
/// </summary>
internal sealed unsafe class ShapeMatcher
{
    private Vector128<byte> _minute;
    private long _minuteMillis;
    private bool _minuteKnown;

    /// <summary>Reads a line.</summary>
    /// <returns>The beginning of the next line; null where it does not fit.</returns>
    public byte* Match(LineShape.Step[] steps, byte* at, ref EventValues values)
    {
        foreach (ref readonly var step in steps.AsSpan())
        {
            if (!IsAt(at, step.Literal, step.Length))
                return null;

            at += step.Length;
            switch (step.Slot)
            {
                case Slot.Ts:
                    at = Ts(at, out values.UnixMillis);
                    break;
                case Slot.Type:
                    var type = at;
                    at = TextToken.End(at);
                    if (at == null || at == type)
                        return null;

                    values.Type = new ReadOnlySpan<byte>(type, (int)(at - type));
                    break;
                case Slot.User:
                    var user = at;
                    at = TextToken.End(at);
                    if (at == null)
                        return null;

                    values.User = new ReadOnlySpan<byte>(user, (int)(at - user));
                    break;
                case Slot.Value:
                    at = NumberToken.Read(at, out values.Mantissa, out values.Scale);
                    break;
                case Slot.Scalar:
                    at = Scalar(at);
                    break;
                default:
                    return *at == '\n' ? at + 1 : *at == '\r' && at[1] == '\n' ? at + 2 : null;
            }

            if (at == null)
                return null;
        }

        return null;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsAt(byte* at, byte* literal, int length)
    {
        for (; length > LineShape.Padding; length -= LineShape.Padding, at += LineShape.Padding, literal += LineShape.Padding)
        {
            if (Vector256.Load(at) != Vector256.Load(literal))
                return false;
        }

        // The bits of the first `length` bytes; 1 to 32 of them, for a slot never follows a slot at once.
        var wanted = uint.MaxValue >> (LineShape.Padding - length);
        return (Vector256.Equals(Vector256.Load(at), Vector256.Load(literal)).ExtractMostSignificantBits() & wanted) == wanted;
    }

    private static byte* Scalar(byte* at)
    {
        switch (*at)
        {
            case (byte)'"':
                var end = TextToken.EndOfIgnored(at + 1);
                return end == null ? null : end + 1;
            case (byte)'t':
                return *(uint*)at == 0x65757274 ? at + 4 : null;
            case (byte)'n':
                return *(uint*)at == 0x6C6C756E ? at + 4 : null;
            case (byte)'f':
                return *(uint*)(at + 1) == 0x65736C61 ? at + 5 : null;
            default:
                return NumberToken.End(at);
        }
    }

    // Most events happen in the same minute as the one before.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Ts(byte* at, out long unixMillis)
    {
        if (Vector128.Load(at) == _minute && _minuteKnown)
        {
            // ":SS.fffZ": the form that most writers use. The quote belongs to the literal that follows.
            var rest = *(ulong*)(at + 16);
            if ((rest & 0xFF000000_FF0000FF) == 0x5A000000_2E00003A)
            {
                var digits = (rest & 0x00FFFFFF_00FFFF00) ^ 0x00303030_00303000;
                if ((((digits + 0x00767676_00767600) | digits) & 0x80808080_80808080) == 0 && (byte)(digits >> 8) < 6)
                {
                    unixMillis = _minuteMillis
                        + ((byte)(digits >> 8) * 10_000L) + ((byte)(digits >> 16) * 1_000L)
                        + ((byte)(digits >> 32) * 100L) + ((byte)(digits >> 40) * 10L) + (byte)(digits >> 48);
                    return at + 24;
                }
            }
        }

        return OtherTs(at, out unixMillis);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* OtherTs(byte* at, out long unixMillis)
    {
        unixMillis = 0;
        var end = TextToken.End(at);
        if (end == null)
            return null;

        var text = new ReadOnlySpan<byte>(at, (int)(end - at));
        if (!Timestamp.TryParseMinute(text, out var minute))
            return Timestamp.TryParse(text, out unixMillis) ? end : null;

        _minute = Vector128.Load(at);
        _minuteMillis = minute;
        _minuteKnown = true;
        if (!Timestamp.TryParseRest(text[Timestamp.MinuteLength..], out var rest))
            return null;

        unixMillis = minute + rest;
        return end;
    }
}
