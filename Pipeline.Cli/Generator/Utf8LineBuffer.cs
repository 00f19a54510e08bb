using System.Globalization;
using System.Runtime.CompilerServices;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Cli.Generator;

/// <summary>Bytes on their way to a stream. Room is made once per line, so that appending need not look for it.</summary>
internal sealed class Utf8LineBuffer(Stream stream, int capacity = Utf8LineBuffer.DefaultCapacity)
{
    /// <summary>Bytes handed to the stream at once.</summary>
    public const int DefaultCapacity = 1 << 20;

    private readonly byte[] _bytes = new byte[capacity];
    private int _length;

    /// <summary>Makes room for a line of at most <paramref name="most"/> bytes.</summary>
    public void Reserve(int most)
    {
        if (_bytes.Length - _length < most)
            Flush();
    }

    /// <summary>Hands everything to the stream.</summary>
    public void Flush()
    {
        stream.Write(_bytes, 0, _length);
        _length = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    public void Append(byte value) => _bytes[_length++] = value;

    /// <summary>A number in decimal, with zeros in front up to <paramref name="digits"/>.</summary>
    public void AppendPadded(long value, int digits)
    {
        var width = digits;
        for (var limit = PowersOfTen.Values[digits]; value >= limit; limit *= 10)
            width++;

        for (var at = _length + width - 1; at >= _length; at--)
        {
            (value, var digit) = Math.DivRem(value, 10);
            _bytes[at] = (byte)('0' + digit);
        }

        _length += width;
    }

    /// <summary>The shortest text that reads back as the same double.</summary>
    public void Append(double value)
    {
        value.TryFormat(_bytes.AsSpan(_length), out var written, default, CultureInfo.InvariantCulture);
        _length += written;
    }
}
