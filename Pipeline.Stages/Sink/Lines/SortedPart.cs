using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>A group with what it is sorted by.</summary>
/// <param name="Key">As <see cref="GroupKeys"/> writes it.</param>
/// <param name="Content">What becomes of the group, such as its line.</param>
internal readonly record struct SortedEntry(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Content);

/// <summary>
/// Reads a part of a file that holds entries in the order of their keys. Each, little-endian:
/// <code>
/// bytes  content
/// 4      length of the key
/// 4      length of the content
/// ...    key
/// ...    content
/// </code>
/// </summary>
/// <param name="file">The file.</param>
/// <param name="start">Where the part begins.</param>
/// <param name="end">Where it ends.</param>
/// <param name="blockBytes">Bytes read at once.</param>
internal sealed class SortedPart(SafeFileHandle file, long start, long end, int blockBytes)
{
    /// <summary>Bytes before the key of each entry.</summary>
    public const int HeaderBytes = 2 * sizeof(int);

    /// <summary>Most bytes read at once.</summary>
    public const int MaxBlockBytes = 64 * 1024;

    private const int MinBlockBytes = 4 * 1024;
    private const int MergeBytes = 32 << 20;

    private byte[] _block = [];
    private int _at;
    private int _read;
    private long _next = start;

    /// <summary>The current entry; it stays as it is.</summary>
    public SortedEntry Current { get; private set; }

    /// <summary>Bytes to read at once from each of so many parts: together 32 MiB at most, as long as 4 KiB for each are not more.</summary>
    public static int BlockBytesFor(int parts) => Math.Clamp(MergeBytes / Math.Max(1, parts), MinBlockBytes, MaxBlockBytes);

    /// <summary>Writes what stands before a key.</summary>
    public static void WriteHeader(Span<byte> header, int key, int content)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header, key);
        BinaryPrimitives.WriteInt32LittleEndian(header[sizeof(int)..], content);
    }

    /// <summary>All entries of all parts, by key; those with one key follow one another.</summary>
    public static IEnumerable<SortedEntry> Merge(IEnumerable<SortedPart> parts)
    {
        var queue = new PriorityQueue<SortedPart, ReadOnlyMemory<byte>>(
            Comparer<ReadOnlyMemory<byte>>.Create((left, right) => left.Span.SequenceCompareTo(right.Span)));
        foreach (var part in parts.Where(part => part.MoveNext()))
            queue.Enqueue(part, part.Current.Key);

        while (queue.TryPeek(out var first, out _))
        {
            yield return first.Current;
            if (first.MoveNext())
                queue.DequeueEnqueue(first, first.Current.Key);
            else
                queue.Dequeue();
        }
    }

    private bool MoveNext()
    {
        if (_next == end && _at == _read)
            return false;

        Require(HeaderBytes);
        var key = BinaryPrimitives.ReadInt32LittleEndian(_block.AsSpan(_at));
        var content = BinaryPrimitives.ReadInt32LittleEndian(_block.AsSpan(_at + sizeof(int)));
        _at += HeaderBytes;
        Require(key + content);
        Current = new SortedEntry(_block.AsMemory(_at, key), _block.AsMemory(_at + key, content));
        _at += key + content;
        return true;
    }

    // Keys that a queue holds must stay as they are: what is left moves to a new block.
    private void Require(int length)
    {
        if (_read - _at >= length)
            return;

        var left = _block.AsSpan(_at, _read - _at);
        var block = new byte[Math.Max(blockBytes, length)];
        left.CopyTo(block);
        (_at, _read) = (0, left.Length);
        _block = block;
        while (_read < length)
        {
            var wanted = (int)Math.Min(_block.Length - _read, end - _next);
            var read = RandomAccess.Read(file, _block.AsSpan(_read, wanted), _next);
            if (read == 0)
                throw new EndOfStreamException("a file of sorted groups has become shorter");

            _read += read;
            _next += read;
        }
    }
}
