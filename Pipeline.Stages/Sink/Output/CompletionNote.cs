using System.Buffers.Binary;
using System.IO.Hashing;
using Google.Protobuf;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Sink.Durability;

namespace Pipeline.Stages.Sink.Output;

/// <summary>A finished file: its length and XXH3 64.</summary>
internal readonly record struct FinishedFile(long Length, ulong Hash)
{
    /// <summary>Of a file that there is none of.</summary>
    public static readonly FinishedFile None = new(-1, 0);

    /// <summary>Whether that file stands there, unchanged; for <see cref="None"/>, whether none does.</summary>
    public bool Fits(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length != Length)
        {
            return !file.Exists && Length < 0;
        }

        var hash = new XxHash3();
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        hash.Append(stream);
        return hash.GetCurrentHashAsUInt64() == Hash;
    }
}

/// <summary>
/// The file "completed" in a run's folder: the finished files are in place. With it, an attempt after the completion (its answer was
/// lost) completes again without the segments, which are gone. A sealed file, magic "PIPEDONE", version 1; its content, little-endian:
/// <code>
/// bytes  content
/// 16     length and XXH3 64 of the results
/// 16     the same of the rejects; length -1 = there are none
/// ...    pipeline.v1.RunCompleted, serialized
/// </code>
/// </summary>
internal sealed record CompletionNote(RunCompleted Completed, FinishedFile Results, FinishedFile Rejects)
{
    private const string Magic = "PIPEDONE";
    private const int Version = 1;

    /// <summary>Where it lies.</summary>
    public static string PathIn(string workFolder) => Path.Join(workFolder, "completed");

    /// <summary>Writes it durably.</summary>
    public void Write(IDurableFiles files, string workFolder, long attempt)
    {
        using var file = SealedFile.Create(files, PathIn(workFolder), $"{PathIn(workFolder)}.{attempt}.tmp", "completion", Magic, Version);
        file.WriteInt64(Results.Length);
        file.WriteInt64((long)Results.Hash);
        file.WriteInt64(Rejects.Length);
        file.WriteInt64((long)Rejects.Hash);
        file.Write(Completed.ToByteArray());
        file.Seal();
    }

    /// <summary>Reads it.</summary>
    /// <returns>Null where there is none, or it is damaged.</returns>
    public static CompletionNote? TryRead(string workFolder)
    {
        if (SealedFile.TryRead(PathIn(workFolder), Magic, Version) is not { } content)
        {
            return null;
        }

        var fields = content.AsSpan();
        return new CompletionNote(
            RunCompleted.Parser.ParseFrom(fields[32..]),
            new FinishedFile(BinaryPrimitives.ReadInt64LittleEndian(fields), BinaryPrimitives.ReadUInt64LittleEndian(fields[8..])),
            new FinishedFile(BinaryPrimitives.ReadInt64LittleEndian(fields[16..]), BinaryPrimitives.ReadUInt64LittleEndian(fields[24..])));
    }
}
