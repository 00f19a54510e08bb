using System.Buffers;
using System.Text;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Sink.Lines;

/// <summary>
/// Groups in the order of their keys, as lines of the results or otherwise, in bounded memory: what does not fit is sorted part by part into a temporary
/// file, and the parts are merged (balanced merge sort: Knuth, The Art of Computer Programming, volume 3, 5.4).
/// </summary>
/// <param name="path">Of the temporary file; there is none as long as all fits.</param>
/// <param name="write">Writes what is to become of a group.</param>
/// <param name="memory">Bytes of keys and of what is written that are held.</param>
internal sealed class GroupSort(string path, Action<IBufferWriter<byte>, Group> write, int memory = GroupSort.DefaultMemory) : IDisposable
{
    private const int DefaultMemory = 32 << 20;

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
        write(_bytes, group);
        _entries.Add(new Entry(start, key, _bytes.WrittenCount - start - key));
        if (_bytes.WrittenCount >= memory)
            Spill();
    }

    /// <summary>All groups by key; each is valid until the next.</summary>
    /// <exception cref="StageException">internal: two groups have the same key.</exception>
    public IEnumerable<SortedEntry> Sorted()
    {
        if (_file is null)
        {
            SortEntries();
            return Distinct(_entries.Select(entry => new SortedEntry(KeyOf(entry), ContentOf(entry))));
        }

        if (_entries.Count > 0)
            Spill();

        var block = SortedPart.BlockBytesFor(_ends.Count);
        return Distinct(SortedPart.Merge(
            _ends.Select((end, index) => new SortedPart(_file.SafeFileHandle, index == 0 ? 0 : _ends[index - 1], end, block))));
    }

    public void Dispose() => _file?.Dispose();

    private static IEnumerable<SortedEntry> Distinct(IEnumerable<SortedEntry> sorted)
    {
        var last = new ArrayBufferWriter<byte>();
        foreach (var entry in sorted)
        {
            if (last.WrittenSpan.SequenceEqual(entry.Key.Span))
                throw new StageException(FailureReasons.Internal, $"Two groups have the same key: {Encoding.UTF8.GetString(entry.Content.Span).Trim()}.");

            last.ResetWrittenCount();
            last.Write(entry.Key.Span);
            yield return entry;
        }
    }

    private ReadOnlyMemory<byte> KeyOf(Entry entry) => _bytes.WrittenMemory.Slice(entry.Start, entry.Key);

    private ReadOnlyMemory<byte> ContentOf(Entry entry) => _bytes.WrittenMemory.Slice(entry.Start + entry.Key, entry.Content);

    private void SortEntries() => _entries.Sort((left, right) => KeyOf(left).Span.SequenceCompareTo(KeyOf(right).Span));

    private void Spill()
    {
        _file ??= new FileStream(
            path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, SortedPart.MaxBlockBytes, FileOptions.DeleteOnClose);
        SortEntries();
        Span<byte> header = stackalloc byte[SortedPart.HeaderBytes];
        foreach (var entry in _entries)
        {
            SortedPart.WriteHeader(header, entry.Key, entry.Content);
            _file.Write(header);
            _file.Write(_bytes.WrittenSpan.Slice(entry.Start, entry.Key + entry.Content));
        }

        _file.Flush();
        _ends.Add(_file.Position);
        _bytes.ResetWrittenCount();
        _entries.Clear();
    }

    private readonly record struct Entry(int Start, int Key, int Content);
}
