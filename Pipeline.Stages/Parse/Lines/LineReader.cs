using System.Runtime.InteropServices;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.Lines;

/// <summary>
/// Walks over the lines of a frame, and knows the number and offset of each. The lines lie in one array or, one after the other, in
/// two: such that each ends with "\n" and that <see cref="Padding"/> bytes behind it can be read without leaving the array.
/// </summary>
internal sealed class LineReader
{
    /// <summary>Bytes behind the last line, of any content.</summary>
    public const int Padding = 64;

    private byte[] _scratch = new byte[1024];
    private ReadOnlyMemory<byte> _rest;
    private IReadOnlyList<Gap> _gaps = [];
    private int _nextGap;
    private int _gapIndex;

    // Of the next line; gaps before it are not yet counted in.
    private long _nextNumber;

    // To be added to a position in the array.
    private long _toOffset;

    /// <summary>Holds the lines between <see cref="At"/> and <see cref="End"/>.</summary>
    public byte[] Array { get; private set; } = [];

    /// <summary>Where the next line begins.</summary>
    public int At { get; private set; }

    /// <summary>Where the lines of this array end.</summary>
    public int End { get; private set; }

    /// <summary>Lines read.</summary>
    public int Index { get; private set; }

    /// <summary>Lines that can be read before the next gap.</summary>
    public int BeforeGap => _gapIndex - Index;

    /// <summary>Number of the next line, from 1.</summary>
    public long Number
    {
        get
        {
            PassGaps();
            return _nextNumber;
        }
    }

    /// <summary>Offset in its file of the next line's first byte.</summary>
    public long Offset
    {
        get
        {
            PassGaps();
            return At + _toOffset;
        }
    }

    /// <summary>Begins a frame; it must live until the last line is read.</summary>
    public void Begin(LineFrame frame)
    {
        if (!MemoryMarshal.TryGetArray(frame.Memory, out var segment) || segment.Array is not { } array)
        {
            throw new InvalidOperationException("A frame of lines lies in an array.");
        }

        _gaps = frame.Gaps;
        _nextGap = 0;
        _gapIndex = _gaps.Count == 0 ? int.MaxValue : _gaps[0].Before;
        _nextNumber = frame.FirstLine;
        Array = array;
        At = segment.Offset;
        Index = 0;
        _toOffset = frame.FirstOffset - At;

        var end = segment.Offset + segment.Count;
        var padded = Math.Min(end, array.Length - Padding);
        End = padded <= At ? At : At + array.AsSpan(At, padded - At).LastIndexOf((byte)'\n') + 1;
        _rest = frame.Memory[(End - At)..];
    }

    /// <summary>Goes on to the second array.</summary>
    /// <returns>False where there are no more lines.</returns>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_scratch.Length < _rest.Length + 1 + Padding)
        {
            _scratch = new byte[(_rest.Length + 1 + Padding) * 2];
        }

        _rest.Span.CopyTo(_scratch);
        var length = _rest.Length;
        if (_scratch[length - 1] != '\n')
        {
            _scratch[length++] = (byte)'\n';
        }

        _toOffset += At;
        Array = _scratch;
        At = 0;
        End = length;
        _rest = default;
        return true;
    }

    /// <summary>Counts lines as read.</summary>
    /// <param name="lines">How many, at most <see cref="BeforeGap"/>.</param>
    /// <param name="at">Where the next one begins.</param>
    public void Advance(int lines, int at)
    {
        Index += lines;
        _nextNumber += lines;
        At = at;
    }

    /// <summary>The next line, without its end; it is still to be counted as read.</summary>
    /// <param name="next">Where the one behind it begins.</param>
    public ReadOnlySpan<byte> Peek(out int next)
    {
        var line = Array.AsSpan(At, End - At);
        line = line[..line.IndexOf((byte)'\n')];
        next = At + line.Length + 1;
        return line.Length > 0 && line[^1] == '\r' ? line[..^1] : line;
    }

    private void PassGaps()
    {
        while (_gapIndex <= Index)
        {
            _nextNumber += _gaps[_nextGap].Lines;
            _toOffset += _gaps[_nextGap].Bytes;
            _gapIndex = ++_nextGap < _gaps.Count ? _gaps[_nextGap].Before : int.MaxValue;
        }
    }
}
