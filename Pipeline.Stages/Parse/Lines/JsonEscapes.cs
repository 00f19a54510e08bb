using System.Text.Json;

namespace Pipeline.Stages.Parse.Lines;

/// <summary>Escapes in strings.</summary>
internal static class JsonEscapes
{
    /// <summary>True where a \u escape is half of a surrogate pair without the other half.</summary>
    /// <param name="text">A string's content as it stands in the line, already known as valid JSON and UTF-8.</param>
    public static bool HasLoneSurrogate(ReadOnlySpan<byte> text)
    {
        while (true)
        {
            var at = text.IndexOf((byte)'\\');
            if (at < 0)
                return false;

            if (text[at + 1] != 'u')
            {
                text = text[(at + 2)..];
                continue;
            }

            var unit = Unit(text[(at + 2)..]);
            text = text[(at + 6)..];
            if (unit is < 0xD800 or > 0xDFFF)
                continue;

            if (unit > 0xDBFF || !text.StartsWith("\\u"u8) || Unit(text[2..]) is < 0xDC00 or > 0xDFFF)
                return true;

            text = text[6..];
        }
    }

    /// <summary>True where this is how an escape goes on behind its backslash.</summary>
    public static unsafe bool IsEscape(byte* at)
    {
        if (*at != 'u')
            return *at is (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t';

        return char.IsAsciiHexDigit((char)at[1]) && char.IsAsciiHexDigit((char)at[2]) && char.IsAsciiHexDigit((char)at[3]) && char.IsAsciiHexDigit((char)at[4]);
    }

    /// <summary>The text that a string stands for.</summary>
    /// <param name="quoted">The string with its quotes, valid and without lone surrogates.</param>
    /// <param name="buffer">Holds the text; is replaced by a longer one where it is too short.</param>
    public static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> quoted, ref byte[] buffer)
    {
        if (buffer.Length < quoted.Length)
            buffer = new byte[quoted.Length * 2];

        var reader = new Utf8JsonReader(quoted);
        reader.Read();
        return buffer.AsSpan(0, reader.CopyString(buffer));
    }

    private static int Unit(ReadOnlySpan<byte> hex)
    {
        var unit = 0;
        for (var i = 0; i < 4; i++)
        {
            var digit = hex[i];
            unit = (unit << 4) | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        return unit;
    }
}
