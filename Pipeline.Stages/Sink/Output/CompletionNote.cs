using System.IO.Hashing;
using Google.Protobuf;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Sink.Durability;

namespace Pipeline.Stages.Sink.Output;

/// <summary>A finished file: its length and XXH3 64.</summary>
internal readonly record struct FinishedFile(long Length, ulong Hash)
{
    /// <summary>Of a file that there is none of.</summary>
    public static readonly FinishedFile None = new(-1, 0);

    private const int BlockBytes = 64 * 1024;

    /// <summary>Whether that file stands there, unchanged; for <see cref="None"/>, whether none does.</summary>
    /// <param name="path">Where.</param>
    /// <param name="meter">Counts what is read.</param>
    public bool Fits(string path, StageMeter meter)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length != Length)
            return !file.Exists && Length < 0;

        var hash = new XxHash3();
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var block = new byte[BlockBytes];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            hash.Append(block.AsSpan(0, read));
            meter.FileBytesRead += read;
        }

        return hash.GetCurrentHashAsUInt64() == Hash;
    }
}

/// <summary>
/// The file "completed" in a run's folder: the finished files are in place. With it, an attempt after the completion (its answer was
/// lost) completes again without the segments and checkpoints, which are gone. A sealed file, magic "PIPEDONE", version 2; its content,
/// little-endian:
/// <code>
/// bytes  content
/// 16     length and XXH3 64 of the results
/// 16     the same of the rejects; length -1 = there are none
/// 4      length
/// ...    pipeline.v1.CheckpointPage, serialized: id, position and counts of the last one; not in version 1, where its own file is kept
/// ...    pipeline.v1.RunCompleted, serialized
/// </code>
/// </summary>
internal sealed record CompletionNote(RunCompleted Completed, FinishedFile Results, FinishedFile Rejects, CheckpointPage? Last)
{
    private const string Magic = "PIPEDONE";
    private const int Version = 2;

    /// <summary>Where it lies.</summary>
    public static string PathIn(string workFolder) => Path.Join(workFolder, "completed");

    /// <summary>Writes it durably.</summary>
    public void Write(IDurableFiles files, string workFolder, long attempt)
    {
        using var file = new SealedFile(files, PathIn(workFolder), $"{PathIn(workFolder)}.{attempt}.tmp", "completion", Magic, Version);
        file.WriteInt64(Results.Length);
        file.WriteInt64((long)Results.Hash);
        file.WriteInt64(Rejects.Length);
        file.WriteInt64((long)Rejects.Hash);
        var last = Last!.ToByteArray();
        file.WriteInt32(last.Length);
        file.Write(last);
        file.Write(Completed.ToByteArray());
        file.Seal();
    }

    /// <summary>Reads it.</summary>
    /// <returns>Null where there is none, or it is damaged.</returns>
    public static CompletionNote? TryRead(string workFolder)
    {
        using var content = SealedContent.TryOpen(PathIn(workFolder), Magic, Version);
        if (content is null)
            return null;

        var results = new FinishedFile(content.ReadInt64(), (ulong)content.ReadInt64());
        var rejects = new FinishedFile(content.ReadInt64(), (ulong)content.ReadInt64());
        var last = content.Version == 1 ? null : CheckpointPage.Parser.ParseFrom(content.Read(content.ReadInt32()));
        return new CompletionNote(RunCompleted.Parser.ParseFrom(content.Read((int)content.Left)), results, rejects, last);
    }
}
