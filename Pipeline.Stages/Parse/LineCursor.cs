using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse;

/// <summary>Walks over the lines of a frame, and knows the number and offset of each.</summary>
internal struct LineCursor(LineFrame frame)
{
    private int _next;
    private int _nextGap;
    private long _gapLines;
    private long _gapBytes;
    private readonly long _firstLine = frame.FirstLine;
    private readonly long _firstOffset = frame.FirstOffset;

    /// <summary>Lines that it has passed.</summary>
    public int Index { get; private set; }

    /// <summary>Number of the line that was read last, from 1.</summary>
    public readonly long Number => _firstLine + _gapLines + Index - 1;

    /// <summary>Offset of that line's first byte in its file.</summary>
    public long Offset { get; private set; }

    /// <summary>Reads the next line.</summary>
    /// <param name="frame">The frame that the cursor was made for.</param>
    /// <param name="line">Without its end.</param>
    /// <returns>False at the end.</returns>
    public bool TryNext(LineFrame frame, out ReadOnlySpan<byte> line)
    {
        line = frame.Data[_next..];
        if (line.IsEmpty)
        {
            return false;
        }

        for (; _nextGap < frame.Gaps.Count && frame.Gaps[_nextGap].Before <= Index; _nextGap++)
        {
            _gapLines += frame.Gaps[_nextGap].Lines;
            _gapBytes += frame.Gaps[_nextGap].Bytes;
        }

        Offset = _firstOffset + _gapBytes + _next;
        var length = line.IndexOf((byte)'\n');
        length = length < 0 ? line.Length : length;
        _next = Math.Min(_next + length + 1, frame.Data.Length);
        line = length > 0 && line[length - 1] == '\r' ? line[..(length - 1)] : line[..length];
        Index++;
        return true;
    }
}
