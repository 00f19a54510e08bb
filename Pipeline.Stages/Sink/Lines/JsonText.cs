using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>Pieces of JSON as bytes. Strings are escaped only where JSON asks for it; all other UTF-8 stays as it is.</summary>
internal static class JsonText
{
    // Formats for at least so many digits: a number has 39 at most.
    private static readonly string[] Digits = [.. Enumerable.Range(0, 40).Select(digits => $"D{digits}")];

    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(b => (byte)b), (byte)'"', (byte)'\\']);

    /// <summary>A string that is valid UTF-8, with its quotes.</summary>
    public static void WriteString(IBufferWriter<byte> output, ReadOnlySpan<byte> text)
    {
        output.Write("\""u8);
        while (text.IndexOfAny(Escaped) is var at and >= 0)
        {
            output.Write(text[..at]);
            WriteEscape(output, text[at]);
            text = text[(at + 1)..];
        }

        output.Write(text);
        output.Write("\""u8);
    }

    /// <summary>A string, with its quotes.</summary>
    public static void WriteString(IBufferWriter<byte> output, string text) => WriteString(output, Encoding.UTF8.GetBytes(text));

    /// <summary>A whole number.</summary>
    public static void WriteNumber(IBufferWriter<byte> output, long value)
    {
        var span = output.GetSpan(20);
        _ = value.TryFormat(span, out var written, default, CultureInfo.InvariantCulture);
        output.Advance(written);
    }

    /// <summary>The shortest text that reads back as the same double; null where JSON has no number for it.</summary>
    public static void WriteNumber(IBufferWriter<byte> output, double value)
    {
        if (!double.IsFinite(value))
        {
            output.Write("null"u8);
            return;
        }

        var span = output.GetSpan(32);
        _ = Utf8Formatter.TryFormat(value, span, out var written);
        output.Advance(written);
    }

    /// <summary>value / 10^scale, without trailing zeros.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="value">At its scale.</param>
    /// <param name="scale">Decimals, from 0.</param>
    public static void WriteDecimal(IBufferWriter<byte> output, Int128 value, int scale)
    {
        for (; scale > 0 && value % 10 == 0; scale--)
            value /= 10;

        // Int128.MinValue has 39 digits and a sign. There is at least one digit before the point.
        Span<byte> digits = stackalloc byte[48];
        _ = value.TryFormat(digits, out var length, Digits[scale + 1], CultureInfo.InvariantCulture);
        output.Write(digits[..(length - scale)]);
        if (scale > 0)
        {
            output.Write("."u8);
            output.Write(digits[(length - scale)..length]);
        }
    }

    private static void WriteEscape(IBufferWriter<byte> output, byte character)
    {
        if ("\b\t\n\f\r\"\\"u8.IndexOf(character) is var at and >= 0)
        {
            output.Write([(byte)'\\', "btnfr\"\\"u8[at]]);
            return;
        }

        output.Write("\\u00"u8);
        output.Write([(byte)"01"[character >> 4], (byte)"0123456789ABCDEF"[character & 15]]);
    }
}
