using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest.Input;

namespace Pipeline.Bench.Micro;

/// <summary>Takes frames and is done with them.</summary>
internal sealed class Discard : IFrameOutput, IAnswerOutput
{
    public static Discard Instance { get; } = new();

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        frame.Dispose();
        return ValueTask.CompletedTask;
    }

    public void Answer(StageOutput answer)
    {
    }
}

/// <summary>Keeps the last frame of events.</summary>
internal sealed class Keep : IFrameOutput
{
    private EventFrame? _frame;

    public EventFrame Frame => _frame ?? throw new InvalidOperationException("No frame of events came.");

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        _frame = (EventFrame)frame;
        return ValueTask.CompletedTask;
    }
}

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
