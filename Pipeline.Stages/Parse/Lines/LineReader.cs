using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.Lines;

/// <summary>
/// Walks over the lines of a frame, and knows the number and offset of each. The lines lie in one piece of memory or, one after
/// the other, in two: such that each ends with "\n" and that <see cref="Padding"/> bytes behind it can be read.
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

    // To be added to a position.
    private long _toOffset;

    private ReadOnlyMemory<byte> _memory;

    /// <summary>Holds the lines between <see cref="At"/> and <see cref="End"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _memory.Span;

    /// <summary>Where the next line begins.</summary>
    public int At { get; private set; }

    /// <summary>Where the lines of this piece end.</summary>
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
        _gaps = frame.Gaps;
        _nextGap = 0;
        _gapIndex = _gaps.Count == 0 ? int.MaxValue : _gaps[0].Before;
        _nextNumber = frame.FirstLine;
        At = 0;
        Index = 0;
        _toOffset = frame.FirstOffset;
        _memory = frame.Room;
        var bytes = frame.Memory;
        var padded = Math.Min(bytes.Length, _memory.Length - Padding);
        End = padded <= 0 ? 0 : bytes.Span[..padded].LastIndexOf((byte)'\n') + 1;
        _rest = bytes[End..];
    }

    /// <summary>Goes on to the second piece.</summary>
    /// <returns>False where there are no more lines.</returns>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;

        if (_scratch.Length < _rest.Length + 1 + Padding)
            _scratch = new byte[(_rest.Length + 1 + Padding) * 2];

        _rest.Span.CopyTo(_scratch);
        var length = _rest.Length;
        if (_scratch[length - 1] != '\n')
            _scratch[length++] = (byte)'\n';

        _toOffset += At;
        _memory = _scratch;
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
        var line = Bytes[At..End];
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
