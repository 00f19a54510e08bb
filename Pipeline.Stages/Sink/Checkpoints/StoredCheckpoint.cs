using Google.Protobuf;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;
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
/// <item>With its first checkpoint an attempt deletes those before the one that it has resumed from, which stays in case its own is damaged. Segments stay.
/// No later attempt needs what it deletes: it finds these two, or later ones.</item>
/// </list>
/// A sealed file (see <see cref="SealedFile"/>) with magic "PIPECKPT", version 2. Its content, little-endian:
/// <code>
/// bytes  content
/// 8      attempt N
/// 4      number of segment entries; for each:
///   8      attempt
///   8      bytes of results.ATTEMPT.part
///   8      bytes of rejects.ATTEMPT.part
/// pages, from 1, to the end; each:
///   4      length
///   ...    pipeline.v1.CheckpointPage, serialized: groups; in the last page also id, position and counts
/// </code>
/// Version 1 has the number of pages (4 bytes) before them. Pages are written as they come and read as they are wanted: none is kept.
/// </summary>
internal sealed class StoredCheckpoint : IDisposable
{
    private const string Magic = "PIPECKPT";
    private const int Version = 2;

    private readonly SealedContent _content;
    private readonly long _pages;

    private StoredCheckpoint(SealedContent content)
    {
        _content = content;
        Attempt = content.ReadInt64();
        var segments = new SegmentLengths[content.ReadInt32()];
        for (var index = 0; index < segments.Length; index++)
            segments[index] = new SegmentLengths(content.ReadInt64(), content.ReadInt64(), content.ReadInt64());

        Segments = segments;
        if (content.Version == 1)
            content.ReadInt32();

        _pages = content.Position;
        var length = content.ReadInt32();
        for (; length >= 0 && length < content.Left; length = content.ReadInt32())
            content.Position += length;

        Last = CheckpointPage.Parser.ParseFrom(content.Read(length));
        Last.Groups.Clear();
    }

    /// <summary>Whose it is.</summary>
    public long Attempt { get; }

    /// <summary>The output up to here.</summary>
    public IReadOnlyList<SegmentLengths> Segments { get; }

    /// <summary>Id, position and counts; without groups.</summary>
    public CheckpointPage Last { get; }

    /// <summary>Begins to write one; it is there when it is sealed.</summary>
    public static SealedFile Create(IDurableFiles files, string path, long attempt, IReadOnlyList<SegmentLengths> segments)
    {
        var file = new SealedFile(files, path, path + CheckpointFolder.Unfinished, "checkpoint", Magic, Version);
        file.WriteInt64(attempt);
        file.WriteInt32(segments.Count);
        foreach (var segment in segments)
        {
            file.WriteInt64(segment.Attempt);
            file.WriteInt64(segment.Results);
            file.WriteInt64(segment.Rejects);
        }

        return file;
    }

    /// <summary>Writes its next page.</summary>
    public static void Write(SealedFile file, CheckpointPage page)
    {
        var bytes = page.ToByteArray();
        file.WriteInt32(bytes.Length);
        file.Write(bytes);
    }

    /// <summary>Opens one, which stays as it is when its file is replaced.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="meter">Counts what is read; null = nobody waits for it.</param>
    /// <returns>Null where it is not whole.</returns>
    public static StoredCheckpoint? TryOpen(string path, StageMeter? meter = null) =>
        SealedContent.TryOpen(path, Magic, Version, meter) is { } content ? new StoredCheckpoint(content) : null;

    /// <summary>All pages, each read when asked for. One enumeration at a time.</summary>
    /// <param name="meter">Counts what is read; null = nobody waits for it.</param>
    public IEnumerable<CheckpointPage> Pages(StageMeter? meter = null)
    {
        for (_content.Position = _pages; _content.Left > 0;)
        {
            var page = _content.Read(_content.ReadInt32());
            meter?.FileBytesRead += page.Length;
            yield return CheckpointPage.Parser.ParseFrom(page);
        }
    }

    public void Dispose() => _content.Dispose();
}
