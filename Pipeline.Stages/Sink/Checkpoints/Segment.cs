using System.Buffers;
using Pipeline.Files;

namespace Pipeline.Stages.Sink.Checkpoints;

/// <summary>Output of one attempt, appended to a file of its own in the run's folder; there is no file until there is output.</summary>
internal sealed class Segment(IDurableFiles files, string path, string role) : IBufferWriter<byte>, IDisposable
{
    private const int BufferBytes = 128 * 1024;
    private readonly ArrayBufferWriter<byte> _buffer = new(BufferBytes);
    private IDurableFile? _file;
    private long _flushed;

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    public void Advance(int count)
    {
        _buffer.Advance(count);
        Length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(sizeHint);

    /// <summary>Writes out what has gathered, where it is worth it. To be called between lines.</summary>
    public void WriteOut()
    {
        if (_buffer.WrittenCount >= BufferBytes / 2)
            WriteAllOut();
    }

    /// <summary>Makes all of it durable.</summary>
    public void Flush()
    {
        if (Length == _flushed)
            return;

        WriteAllOut();
        _file!.Flush();
        _flushed = Length;
    }

    public void Dispose() => _file?.Dispose();

    private void WriteAllOut()
    {
        if (_file is null)
        {
            _file = files.Create(path, role);

            // Its name must be durable before a checkpoint counts on it.
            files.FlushFolder(Path.GetDirectoryName(path)!, role);
        }

        _file.Append(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
