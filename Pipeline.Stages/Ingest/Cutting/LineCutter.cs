using System.Buffers;
using System.IO.Hashing;
using System.Text;
using Google.Protobuf;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Ingest.Input;

namespace Pipeline.Stages.Ingest.Cutting;

/// <summary>
/// Cuts one file into line batches. The buffer, from left to right:
/// <code>
/// 0 ... frames handed on ... | _start  lines kept for the next batch  _write | left out | _position  not looked at yet  _end | room
/// </code>
/// A batch is a slice of the buffer. Lines that are left out within a batch make the later ones move up over them. When the room
/// is used up, what is kept and what is not looked at yet moves to a new buffer; the old one lives as long as its frames.
/// Bytes are hashed in order, in bulk, always before anything is written over them.
/// </summary>
internal sealed class LineCutter : IDisposable
{
    /// <summary>Bytes of a line that is too long that its reject keeps.</summary>
    public const int RejectedBytes = 1024;

    private const int GapWeight = 16;
    private const byte LineEnd = (byte)'\n';
    private static readonly SearchValues<byte> Blanks = SearchValues.Create(" \t\r"u8);

    private readonly IByteSource _source;
    private readonly XxHash3 _hash;
    private readonly string _file;
    private readonly int _fileBytes;
    private readonly int _maxLineBytes;
    private readonly int _reach;
    private readonly int _blockBytes;
    private PooledBuffer _buffer;
    private byte[] _array;
    private int _start;
    private int _write;
    private int _position;
    private int _end;
    private int _hashed;
    private int _searched;
    private bool _sourceEnded;

    private int _count;
    private long _firstLine;
    private long _firstOffset;
    private List<Gap>? _gaps;
    private List<Reject>? _rejects;
    private int _weight;
    private Reject? _skipped;
    private long _skippedBytes;

    /// <summary>Goes on at a line's beginning.</summary>
    /// <param name="source">Stands there.</param>
    /// <param name="hash">Has seen everything before it.</param>
    /// <param name="file">As it stands in batches.</param>
    /// <param name="offset">Bytes before it.</param>
    /// <param name="line">Lines before it.</param>
    /// <param name="maxLineBytes">Longest line without its end.</param>
    /// <param name="blockBytes">Bytes read at once, from 16.</param>
    public LineCutter(IByteSource source, XxHash3 hash, string file, long offset, long line, int maxLineBytes, int blockBytes)
    {
        (_source, _hash, _file, _maxLineBytes, _blockBytes) = (source, hash, file, maxLineBytes, blockBytes);
        _fileBytes = Encoding.UTF8.GetByteCount(file);
        // So far to look for a line's end: enough to know that the line is too long, with "\r\n", and to have what its reject keeps.
        _reach = Math.Max(maxLineBytes, RejectedBytes) + 2;
        _buffer = SharedBuffer.Rent(blockBytes);
        _array = _buffer.Array;
        (Offset, Line) = (offset, line);
        Begin();
    }

    /// <summary>Bytes of the file before the next line that is neither handed on nor part of the batch.</summary>
    public long Offset { get; private set; }

    /// <summary>Lines before it.</summary>
    public long Line { get; private set; }

    /// <summary>Blank lines among those read here.</summary>
    public long Blank { get; private set; }

    /// <summary>Whether nothing was read for the next batch yet, not even a line left out.</summary>
    public bool IsEmpty => _count == 0 && _gaps is null;

    /// <summary>Whether reading stands within a line that is too long: no place for a checkpoint.</summary>
    public bool IsWithinLine => _skipped is not null;

    /// <summary>Lines that would fill the batch, if the next ones are as long as those in it; from 1.</summary>
    public int LinesToFill(int lines, int bytes) =>
        Math.Max(1, _count == 0 ? 1 : (int)Math.Min(lines - _count, (long)(bytes - Weight) * _count / Math.Max(1, Weight)));

    /// <summary>Adds lines to the batch until it is full, or there are none to be had.</summary>
    public CutStatus Cut(CutLimits limits)
    {
        var lineAtStart = Line;
        while (true)
        {
            if (_skipped is not null && !SkipOn())
                return CutStatus.NeedsData;

            if (_count >= limits.Lines || (!IsEmpty && Weight >= limits.Bytes))
                return CutStatus.Full;

            var budget = limits.Budget - (Line - lineAtStart);
            if (_position == _end)
                return _sourceEnded ? CutStatus.End : CutStatus.NeedsData;

            if (budget <= 0)
                return CutStatus.BudgetSpent;

            if (_array[_position] > ' ')
            {
                // A window no longer than the longest line holds no line that is too long.
                var window = Math.Min(Math.Min(limits.Bytes - Weight, _maxLineBytes), _end - _position);
                var most = (int)Math.Min(limits.Lines - _count, budget);
                var bytes = LineScanner.Scan(_array.AsSpan(_position, window), most, out var lines);
                if (bytes > 0)
                {
                    Keep(bytes, lines);
                    continue;
                }
            }

            if (TakeLine(limits.Bytes) is { } status)
                return status;
        }
    }

    /// <summary>Reads a block.</summary>
    /// <returns>Its bytes.</returns>
    public int Fill()
    {
        HashTo(_position);
        MakeRoom();
        var first = Offset == 0 && Line == 0 && _position == _end && !IsWithinLine;
        var before = _end;
        while (_end < _array.Length)
        {
            var read = _source.Read(_array.AsSpan(_end, Math.Min(_blockBytes, _array.Length - _end)));
            _end += read;
            if (read == 0)
            {
                _sourceEnded = true;
                break;
            }
        }

        if (first && _array.AsSpan(_position, _end - _position).StartsWith("\uFEFF"u8))
        {
            _position += 3;
            Offset = 3;
            _start = _write = _position;
            Begin();
        }

        return _end - before;
    }

    /// <summary>Completes the batch, whatever it holds.</summary>
    /// <returns>Null where there is none.</returns>
    public LineFrame? Take(long readMicros)
    {
        if (IsEmpty)
            return null;

        var frame = new LineFrame(_buffer.AddReference(), _start, _write - _start)
        {
            Count = _count,
            FirstLine = _firstLine,
            FirstOffset = _firstOffset,
            Gaps = (IReadOnlyList<Gap>?)_gaps ?? [],
            Rejects = (IReadOnlyList<Reject>?)_rejects ?? [],
            File = _file,
            ReadMicros = readMicros,
        };
        _start = _write;
        Begin();
        return frame;
    }

    /// <summary>Hash of all bytes before <see cref="Offset"/>.</summary>
    public ulong PrefixHash()
    {
        HashTo(_position);
        return _hash.GetCurrentHashAsUInt64();
    }

    public void Dispose() => _buffer.Release();

    private int Weight => _write - _start + _weight;

    private void Begin()
    {
        (_count, _weight, _gaps, _rejects) = (0, 0, null, null);
        (_firstLine, _firstOffset) = (Line + 1, Offset);
    }

    /// <summary>Takes the one line at the position, by the closer look.</summary>
    /// <returns>Null when it was taken.</returns>
    private CutStatus? TakeLine(int byteLimit)
    {
        var rest = _array.AsSpan(_position, _end - _position);
        var reach = Math.Min(rest.Length, _reach);
        var end = rest[_searched..reach].IndexOf(LineEnd);
        var length = rest.Length;
        var content = length;
        if (end >= 0)
        {
            end += _searched;
            length = end + 1;
            content = end > 0 && rest[end - 1] == '\r' ? end - 1 : end;
        }
        else if (reach == _reach)
        {
            BeginSkip(reach);
            return null;
        }
        else if (!_sourceEnded)
        {
            _searched = reach;
            return CutStatus.NeedsData;
        }

        if (content > _maxLineBytes)
        {
            BeginSkip(content);
        }
        else if (rest[..content].IndexOfAnyExcept(Blanks) < 0)
        {
            Blank++;
            _position += length;
            LeaveOut(length);
        }
        else if (!IsEmpty && Weight + length > byteLimit)
        {
            return CutStatus.Full;
        }
        else
        {
            Keep(length, 1);
        }

        _searched = 0;
        return null;
    }

    private void Keep(int bytes, int lines)
    {
        if (_write == _start)
        {
            _start = _write = _position;
        }
        else if (_write != _position && bytes > 0)
        {
            HashTo(_position + bytes);
            _array.AsSpan(_position, bytes).CopyTo(_array.AsSpan(_write));
        }

        _write += bytes;
        _position += bytes;
        Offset += bytes;
        Line += lines;
        _count += lines;
        _searched = 0;
    }

    private void LeaveOut(long bytes)
    {
        Offset += bytes;
        Line++;
        _gaps ??= [];
        if (_gaps.Count > 0 && _gaps[^1].Before == _count)
        {
            _gaps[^1].Lines++;
            _gaps[^1].Bytes += bytes;
            return;
        }

        _gaps.Add(new Gap { Before = _count, Lines = 1, Bytes = bytes });
        _weight += GapWeight;
    }

    private void BeginSkip(int content)
    {
        _skippedBytes = 0;
        _searched = 0;
        _skipped = new Reject
        {
            Line = Line + 1,
            Offset = Offset,
            Reason = "line_too_long",
            Raw = ByteString.CopyFrom(_array, _position, Math.Min(RejectedBytes, content)),
            File = _file,
        };
    }

    /// <summary>Reads over the line that is too long, as far as it is in the buffer.</summary>
    /// <returns>Whether its end was reached.</returns>
    private bool SkipOn()
    {
        var rest = _array.AsSpan(_position, _end - _position);
        var end = rest.IndexOf(LineEnd);
        var bytes = end < 0 ? rest.Length : end + 1;
        _position += bytes;
        _skippedBytes += bytes;
        if (end < 0 && !_sourceEnded)
            return false;

        (_rejects ??= []).Add(_skipped!);
        _weight += _skipped!.Raw.Length + _fileBytes + GapWeight;
        LeaveOut(_skippedBytes);
        _skipped = null;
        return true;
    }

    private void HashTo(int position)
    {
        if (position > _hashed)
        {
            _hash.Append(_array.AsSpan(_hashed, position - _hashed));
            _hashed = position;
        }
    }

    /// <summary>Sees to it that at least half a block can be read behind what is still needed.</summary>
    private void MakeRoom()
    {
        var kept = _write - _start;
        var rest = _end - _position;
        var room = _blockBytes / 2;
        if (rest == 0 && _array.Length - _write >= room)
        {
            _position = _end = _hashed = _write;
            return;
        }

        if (_array.Length - _end >= room)
            return;

        var buffer = SharedBuffer.Rent(Math.Max(_blockBytes, 2 * (kept + rest)));
        _array.AsSpan(_start, kept).CopyTo(buffer.Array);
        _array.AsSpan(_position, rest).CopyTo(buffer.Array.AsSpan(kept));
        _buffer.Release();
        _buffer = buffer;
        _array = buffer.Array;
        (_start, _write, _position, _end, _hashed) = (0, kept, kept, kept + rest, kept);
    }
}
