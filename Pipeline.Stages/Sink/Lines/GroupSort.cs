using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>
/// The result lines of groups in the order of their keys, in bounded memory: what does not fit is sorted part by part into a temporary
/// file, and the parts are merged (balanced merge sort: Knuth, The Art of Computer Programming, volume 3, 5.4).
/// </summary>
/// <param name="path">Of the temporary file; there is none as long as all fits.</param>
/// <param name="withMin">Whether lines have the minimum.</param>
/// <param name="withMax">Whether lines have the maximum.</param>
/// <param name="memory">Bytes of keys and lines that are held.</param>
internal sealed class GroupSort(string path, bool withMin, bool withMax, int memory = GroupSort.DefaultMemory) : IDisposable
{
    private const int DefaultMemory = 32 << 20;
    private const int BlockBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _bytes = new(64 * 1024);
    private readonly List<Entry> _entries = [];
    private readonly List<long> _ends = [];
    private FileStream? _file;

    /// <summary>Adds a group.</summary>
    /// <exception cref="IOException">The temporary file cannot be written.</exception>
    public void Add(Group group)
    {
        var start = _bytes.WrittenCount;
        GroupKeys.Write(_bytes, group.Key);
        var key = _bytes.WrittenCount - start;
        ResultLines.Write(_bytes, group, withMin, withMax);
        _entries.Add(new Entry(start, key, _bytes.WrittenCount - start - key));
        if (_bytes.WrittenCount >= memory)
        {
            Spill();
        }
    }

    /// <summary>All lines; each is valid until the next.</summary>
    /// <exception cref="StageException">internal: two groups have the same key.</exception>
    public IEnumerable<ReadOnlyMemory<byte>> Lines()
    {
        if (_file is null)
        {
            SortEntries();
            return Distinct(_entries.Select(entry => (KeyOf(entry), LineOf(entry))));
        }

        if (_entries.Count > 0)
        {
            Spill();
        }

        return Distinct(Merge());
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static IEnumerable<ReadOnlyMemory<byte>> Distinct(IEnumerable<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Line)> sorted)
    {
        var last = new ArrayBufferWriter<byte>();
        foreach (var (key, line) in sorted)
        {
            if (last.WrittenSpan.SequenceEqual(key.Span))
            {
                throw new StageException(FailureReasons.Internal, $"Two groups have the same key: {Encoding.UTF8.GetString(line.Span).Trim()}.");
            }

            last.ResetWrittenCount();
            last.Write(key.Span);
            yield return line;
        }
    }

    private ReadOnlyMemory<byte> KeyOf(Entry entry) => _bytes.WrittenMemory.Slice(entry.Start, entry.Key);

    private ReadOnlyMemory<byte> LineOf(Entry entry) => _bytes.WrittenMemory.Slice(entry.Start + entry.Key, entry.Line);

    private void SortEntries() => _entries.Sort((left, right) => KeyOf(left).Span.SequenceCompareTo(KeyOf(right).Span));

    private void Spill()
    {
        _file ??= new FileStream(
            path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, BlockBytes, FileOptions.DeleteOnClose);
        SortEntries();
        Span<byte> header = stackalloc byte[Part.HeaderBytes];
        foreach (var entry in _entries)
        {
            BinaryPrimitives.WriteInt32LittleEndian(header, entry.Key);
            BinaryPrimitives.WriteInt32LittleEndian(header[sizeof(int)..], entry.Line);
            _file.Write(header);
            _file.Write(_bytes.WrittenSpan.Slice(entry.Start, entry.Key + entry.Line));
        }

        _file.Flush();
        _ends.Add(_file.Position);
        _bytes.ResetWrittenCount();
        _entries.Clear();
    }

    private IEnumerable<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Line)> Merge()
    {
        var parts = new PriorityQueue<Part, ReadOnlyMemory<byte>>(
            Comparer<ReadOnlyMemory<byte>>.Create((left, right) => left.Span.SequenceCompareTo(right.Span)));
        for (var index = 0; index < _ends.Count; index++)
        {
            var part = new Part(_file!.SafeFileHandle, index == 0 ? 0 : _ends[index - 1], _ends[index]);
            part.MoveNext();
            parts.Enqueue(part, part.Key);
        }

        while (parts.TryPeek(out var first, out _))
        {
            yield return (first.Key, first.Line);
            if (first.MoveNext())
            {
                parts.DequeueEnqueue(first, first.Key);
            }
            else
            {
                parts.Dequeue();
            }
        }
    }

    private readonly record struct Entry(int Start, int Key, int Line);

    /// <summary>Reads a sorted part of the file.</summary>
    private sealed class Part(SafeFileHandle file, long start, long end)
    {
        /// <summary>Before each entry: the lengths of key and line.</summary>
        public const int HeaderBytes = 2 * sizeof(int);

        private byte[] _block = new byte[BlockBytes];
        private int _at;
        private int _read;
        private long _next = start;

        public ReadOnlyMemory<byte> Key { get; private set; }

        public ReadOnlyMemory<byte> Line { get; private set; }

        public bool MoveNext()
        {
            if (_next == end && _at == _read)
            {
                return false;
            }

            Require(HeaderBytes);
            var key = BinaryPrimitives.ReadInt32LittleEndian(_block.AsSpan(_at));
            var line = BinaryPrimitives.ReadInt32LittleEndian(_block.AsSpan(_at + sizeof(int)));
            _at += HeaderBytes;
            Require(key + line);
            Key = _block.AsMemory(_at, key);
            Line = _block.AsMemory(_at + key, line);
            _at += key + line;
            return true;
        }

        // Keys that the queue holds must stay as they are: what is left moves to a new block.
        private void Require(int length)
        {
            if (_read - _at >= length)
            {
                return;
            }

            var left = _block.AsSpan(_at, _read - _at);
            var block = new byte[Math.Max(BlockBytes, length)];
            left.CopyTo(block);
            (_at, _read) = (0, left.Length);
            _block = block;
            while (_read < length)
            {
                var wanted = (int)Math.Min(_block.Length - _read, end - _next);
                var read = RandomAccess.Read(file, _block.AsSpan(_read, wanted), _next);
                if (read == 0)
                {
                    throw new EndOfStreamException("the temporary file of the groups has become shorter");
                }

                _read += read;
                _next += read;
            }
        }
    }
}
