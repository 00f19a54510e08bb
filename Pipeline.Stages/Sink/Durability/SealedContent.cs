using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Stages.Sink.Durability;

/// <summary>
/// The content of a <see cref="SealedFile"/>, read piece by piece. It stays what was found to be whole: the file is open, and to
/// replace it means to make a new one.
/// </summary>
internal sealed class SealedContent : IDisposable
{
    private const int MagicBytes = 8;
    private const int HeaderBytes = MagicBytes + sizeof(int);
    private const int HashBytes = sizeof(ulong);
    private const int BlockBytes = 64 * 1024;

    private readonly FileStream _file;
    private readonly long _end;

    private SealedContent(FileStream file, int version) => (_file, _end, Version) = (file, file.Length - HashBytes, version);

    /// <summary>Of the layout.</summary>
    public int Version { get; }

    /// <summary>Bytes that are not read yet.</summary>
    public long Left => _end - _file.Position;

    /// <summary>Where the next piece begins; may be set back.</summary>
    public long Position
    {
        get => _file.Position;
        set => _file.Position = value;
    }

    /// <summary>Opens a file, and reads it once to see that it is whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="magic">What it must be.</param>
    /// <param name="version">The latest layout that is understood, from 1.</param>
    /// <param name="meter">Counts what is read; null = nobody waits for it.</param>
    /// <returns>Null where it is not there, or not whole, or of another kind or a later version.</returns>
    public static SealedContent? TryOpen(string path, string magic, int version, StageMeter? meter = null)
    {
        if (!File.Exists(path))
            return null;

        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, BlockBytes);
        try
        {
            if (VersionOf(file, magic, meter) is { } found && found <= version)
            {
                file.Position = HeaderBytes;
                return new SealedContent(file, found);
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    /// <summary>The next bytes.</summary>
    /// <exception cref="EndOfStreamException">There are not so many.</exception>
    public byte[] Read(int length)
    {
        var bytes = new byte[length];
        _file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The next number.</summary>
    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Read(sizeof(int)));

    /// <summary>The next number.</summary>
    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Read(sizeof(long)));

    public void Dispose() => _file.Dispose();

    // Null where the file is not whole, or of another kind.
    private static int? VersionOf(FileStream file, string magic, StageMeter? meter)
    {
        var left = file.Length - HashBytes;
        if (left < HeaderBytes)
            return null;

        var block = new byte[BlockBytes];
        file.ReadExactly(block, 0, HeaderBytes);
        if (Encoding.ASCII.GetString(block, 0, MagicBytes) != magic)
            return null;

        var version = BinaryPrimitives.ReadInt32LittleEndian(block.AsSpan(MagicBytes));
        var hash = new XxHash3();
        hash.Append(block.AsSpan(0, HeaderBytes));
        for (left -= HeaderBytes; left > 0;)
        {
            var read = file.ReadAtLeast(block.AsSpan(0, (int)Math.Min(block.Length, left)), 1);
            hash.Append(block.AsSpan(0, read));
            left -= read;
            meter?.FileBytesRead += read;
        }

        file.ReadExactly(block, 0, HashBytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(block) == hash.GetCurrentHashAsUInt64() ? version : null;
    }
}
