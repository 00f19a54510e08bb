using Pipeline.Stages.Ingest.Input;

namespace Pipeline.Bench.Micro;

/// <summary>The same lines again and again.</summary>
internal sealed class EndlessSource(byte[] lines) : IByteSource
{
    private int _position;

    public int Read(Span<byte> buffer)
    {
        var read = Math.Min(buffer.Length, lines.Length - _position);
        lines.AsSpan(_position, read).CopyTo(buffer);
        _position = (_position + read) % lines.Length;
        return read;
    }

    public void Dispose()
    {
    }
}
