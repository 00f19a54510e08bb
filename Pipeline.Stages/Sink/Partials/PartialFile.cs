using System.Buffers;
using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Pipeline.Stages.Sink.Lines;

namespace Pipeline.Stages.Sink.Partials;

/// <summary>
/// The output of a run over a slice of a partitioned run's input, to be merged. Little-endian:
/// <code>
/// bytes  content
/// ...    lines of the work items, as they stand in results
/// ...    groups in the order of results, each as <see cref="SortedPart"/> describes it: key, and pipeline.v1.Group, serialized
/// 8      bytes of the lines of the work items
/// 4      version of this layout: 1
/// 8      magic, ASCII: PIPEPART
/// </code>
/// Rejects stand in a file beside it, as those of any run do, their lines counted from the slice's beginning. Like any run's output it is
/// put together under a temporary name, flushed and renamed; length, hash, counts and position are in the run's completion note.
/// </summary>
internal static class PartialFile
{
    private const int Version = 1;
    private const int FooterBytes = sizeof(long) + sizeof(int) + 8;

    private static ReadOnlySpan<byte> Magic => "PIPEPART"u8;

    /// <summary>What follows the lines of the work items; each piece is valid until the next.</summary>
    /// <param name="groups">Sorted, with serialized groups as content.</param>
    /// <param name="workItems">Bytes of the lines of the work items.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Write(IEnumerable<SortedEntry> groups, long workItems)
    {
        var piece = new ArrayBufferWriter<byte>();
        foreach (var (key, content) in groups)
        {
            SortedPart.WriteHeader(piece.GetSpan(SortedPart.HeaderBytes), key.Length, content.Length);
            piece.Advance(SortedPart.HeaderBytes);
            piece.Write(key.Span);
            piece.Write(content.Span);
            yield return piece.WrittenMemory;
            piece.ResetWrittenCount();
        }

        var footer = new byte[FooterBytes];
        BinaryPrimitives.WriteInt64LittleEndian(footer, workItems);
        BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(sizeof(long)), Version);
        Magic.CopyTo(footer.AsSpan(sizeof(long) + sizeof(int)));
        yield return footer;
    }

    /// <summary>Where in a file the groups stand.</summary>
    /// <returns>Null where it is no partial result, or of a later version.</returns>
    public static (long Start, long End)? FindGroups(SafeFileHandle file)
    {
        var end = RandomAccess.GetLength(file) - FooterBytes;
        Span<byte> footer = stackalloc byte[FooterBytes];
        if (end < 0 || RandomAccess.Read(file, footer, end) < FooterBytes || !footer.EndsWith(Magic)
            || BinaryPrimitives.ReadInt32LittleEndian(footer[sizeof(long)..]) != Version)
        {
            return null;
        }

        var start = BinaryPrimitives.ReadInt64LittleEndian(footer);
        return start >= 0 && start <= end ? (start, end) : null;
    }
}
