using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Pipeline.Files;

namespace Pipeline.Stages.Sink.Durability;

/// <summary>
/// A file that is whole or not there. Little-endian:
/// <code>
/// bytes  content
/// 8      magic, ASCII: what kind of file this is
/// 4      version of its content's layout
/// ...    content
/// 8      XXH3 64 (seed 0) of everything before
/// </code>
/// It is written under a temporary name, flushed, renamed, and the folder is flushed: after a crash the old file stands there, or
/// the new one. The hash finds what a disk may do to it later.
/// </summary>
internal sealed class SealedFile : IDisposable
{
    private readonly IDurableFiles _files;
    private readonly string _path;
    private readonly string _unfinished;
    private readonly string _role;
    private readonly IDurableFile _file;
    private readonly XxHash3 _hash = new();
    private readonly ArrayBufferWriter<byte> _buffer = new(64 * 1024);

    /// <summary>Begins one that becomes visible with <see cref="Seal"/>.</summary>
    /// <param name="files">Where to.</param>
    /// <param name="path">Its name when it is sealed.</param>
    /// <param name="unfinished">Its name before; one that no other attempt uses.</param>
    /// <param name="role">Names its crash points.</param>
    /// <param name="magic">Eight ASCII characters.</param>
    /// <param name="version">Of the layout of its content.</param>
    public SealedFile(IDurableFiles files, string path, string unfinished, string role, string magic, int version)
    {
        (_files, _path, _unfinished, _role) = (files, path, unfinished, role);
        _file = files.Create(unfinished, role);
        Encoding.ASCII.GetBytes(magic, _buffer);
        WriteInt32(version);
    }

    /// <summary>Adds to the content.</summary>
    public void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.GetSpan(sizeof(int)), value);
        _buffer.Advance(sizeof(int));
    }

    /// <summary>Adds to the content.</summary>
    public void WriteInt64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_buffer.GetSpan(sizeof(long)), value);
        _buffer.Advance(sizeof(long));
    }

    /// <summary>Adds to the content.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _buffer.Write(bytes);
        WriteOut();
    }

    /// <summary>Makes it durable and visible.</summary>
    public void Seal()
    {
        WriteOut();
        Span<byte> hash = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(hash, _hash.GetCurrentHashAsUInt64());
        _file.Append(hash);
        _file.Flush();
        _file.Dispose();
        _files.Rename(_unfinished, _path, _role);
        _files.FlushFolder(Path.GetDirectoryName(_path)!, _role);
    }

    public void Dispose() => _file.Dispose();

    private void WriteOut()
    {
        _hash.Append(_buffer.WrittenSpan);
        _file.Append(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
