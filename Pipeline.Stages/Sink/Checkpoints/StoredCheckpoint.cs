using System.Buffers.Binary;
using Google.Protobuf;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Sink.Durability;

namespace Pipeline.Stages.Sink.Checkpoints;

/// <summary>How much of an attempt's segments belongs to the output.</summary>
/// <param name="Attempt">Whose: results.N.part, rejects.N.part.</param>
/// <param name="Results">Bytes from the beginning of its results segment; 0 = there may be none.</param>
/// <param name="Rejects">The same for its rejects segment.</param>
internal readonly record struct SegmentLengths(long Attempt, long Results, long Rejects);

/// <summary>
/// A committed checkpoint: the file checkpoint.N of attempt N, replaced by each later one of the same attempt. Invariants:
/// <list type="bullet">
/// <item>All bytes it counts on were flushed before it was written; a segment is only ever appended to.</item>
/// <item>The output up to here is, in order of its list, the beginnings of the segments; what stands behind them is waste.</item>
/// <item>An attempt writes no file of another attempt, so whatever one does that is over, all this stays true.</item>
/// </list>
/// A sealed file (see <see cref="SealedFile"/>) with magic "PIPECKPT", version 1. Its content, little-endian:
/// <code>
/// bytes  content
/// 8      attempt N
/// 4      number of segment entries; for each:
///   8      attempt
///   8      bytes of results.ATTEMPT.part
///   8      bytes of rejects.ATTEMPT.part
/// 4      number of pages, from 1; for each:
///   4      length
///   ...    pipeline.v1.Checkpoint, serialized: groups; in the last page also id, position and counts
/// </code>
/// </summary>
internal sealed record StoredCheckpoint(long Attempt, IReadOnlyList<SegmentLengths> Segments, IReadOnlyList<Checkpoint> Pages)
{
    private const string Magic = "PIPECKPT";
    private const int Version = 1;

    /// <summary>Writes it durably.</summary>
    public void Write(IDurableFiles files, string path)
    {
        using var file = SealedFile.Create(files, path, path + ".tmp", "checkpoint", Magic, Version);
        file.WriteInt64(Attempt);
        file.WriteInt32(Segments.Count);
        foreach (var segment in Segments)
        {
            file.WriteInt64(segment.Attempt);
            file.WriteInt64(segment.Results);
            file.WriteInt64(segment.Rejects);
        }

        file.WriteInt32(Pages.Count);
        foreach (var page in Pages)
        {
            var bytes = page.ToByteArray();
            file.WriteInt32(bytes.Length);
            file.Write(bytes);
        }

        file.Seal();
    }

    /// <summary>Reads one.</summary>
    /// <returns>Null where it is not whole.</returns>
    public static StoredCheckpoint? TryRead(string path)
    {
        if (SealedFile.TryRead(path, Magic, Version) is not { } content)
        {
            return null;
        }

        // The hash is right, so that this is what was written.
        var attempt = NextInt64();
        var segments = new SegmentLengths[NextInt32()];
        for (var index = 0; index < segments.Length; index++)
        {
            segments[index] = new SegmentLengths(NextInt64(), NextInt64(), NextInt64());
        }

        var pages = new Checkpoint[NextInt32()];
        for (var index = 0; index < pages.Length; index++)
        {
            pages[index] = Checkpoint.Parser.ParseFrom(Next(NextInt32()).Span);
        }

        return new StoredCheckpoint(attempt, segments, pages);

        int NextInt32() => BinaryPrimitives.ReadInt32LittleEndian(Next(sizeof(int)).Span);

        long NextInt64() => BinaryPrimitives.ReadInt64LittleEndian(Next(sizeof(long)).Span);

        ReadOnlyMemory<byte> Next(int length)
        {
            var next = content[..length];
            content = content[length..];
            return next;
        }
    }

    /// <summary>All pages as one message.</summary>
    public Checkpoint Join()
    {
        var joined = Pages[^1].Clone();
        foreach (var page in Pages.SkipLast(1))
        {
            joined.Groups.AddRange(page.Groups);
        }

        return joined;
    }
}
