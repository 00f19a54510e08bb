using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Batching;

/// <summary>Lines of the input, as they stand there: the contract's LineBatch.</summary>
/// <param name="buffer">Holds the lines; the frame takes over one reference.</param>
/// <param name="start">Where in it they begin.</param>
/// <param name="length">Their bytes.</param>
public sealed class LineFrame(SharedBuffer buffer, int start, int length) : Frame
{
    private SharedBuffer? _buffer = buffer;

    /// <summary>Whole lines, each ended by "\n", the last one of the input perhaps not; "\r" before it is not part of the line.</summary>
    public ReadOnlySpan<byte> Data => Memory.Span;

    /// <summary>The same as <see cref="Data"/>.</summary>
    public ReadOnlyMemory<byte> Memory => Room[..length];

    /// <summary>The same, and behind it bytes of any content that can be read as well.</summary>
    public ReadOnlyMemory<byte> Room => (_buffer ?? throw new ObjectDisposedException(nameof(LineFrame))).Memory[start..];

    /// <summary>Lines in <see cref="Data"/>, from 0.</summary>
    public int Count { get; init; }

    /// <summary>Number of the first line, or of the first gap before it, from 1.</summary>
    public long FirstLine { get; init; }

    /// <summary>Offset in the uncompressed file of that line's first byte.</summary>
    public long FirstOffset { get; init; }

    /// <summary>Where lines were left out, in order.</summary>
    public IReadOnlyList<Gap> Gaps { get; init; } = [];

    /// <summary>Lines that Ingest rejected, in order.</summary>
    public IReadOnlyList<Reject> Rejects { get; init; } = [];

    /// <summary>Path below the input directory; empty where the input is one file.</summary>
    public string File { get; init; } = "";

    /// <summary>When the first line was read, microseconds of the machine's monotonic clock; 0 = not measured.</summary>
    public long ReadMicros { get; init; }

    /// <inheritdoc/>
    public override int Items => Count;

    /// <inheritdoc/>
    public override void Dispose() => Interlocked.Exchange(ref _buffer, null)?.Release();
}
