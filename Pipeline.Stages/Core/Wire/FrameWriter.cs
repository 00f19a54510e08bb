using System.Buffers;
using System.Runtime.CompilerServices;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// Writes frames to the hop below. They gather in a slot of the hop's ring, and without one in a buffer, and leave together: when it
/// is full, or when there is nothing else to do. What is too large for a slot goes to the call's body.
/// </summary>
/// <param name="stream">The call's body.</param>
/// <param name="edge">Counts what passes and how long it waits.</param>
/// <param name="ring">The hop's ring; null = everything goes to the body.</param>
internal sealed class FrameWriter(Stream stream, EdgeMeter edge, RingWriter? ring = null) : IFrameOutput, IDisposable
{
    /// <summary>Bytes that gather before they leave.</summary>
    private const int Gather = 64 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(2 * Gather);
    private int _used;
    private bool _unflushed;

    /// <summary>What is written comes of a frame with <see cref="Frame.More"/>, and so has more to follow itself.</summary>
    public bool More { get; set; }

    /// <summary>The last frame has been written: EndOfInput, or Control.</summary>
    public bool Ended { get; private set; }

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        frame.More |= More;
        Ended |= frame is MessageFrame { Message: { EndOfInput: not null } or { Control: not null } };
        var measured = FrameEncoder.Measure(frame);
        edge.Sent(frame, measured.Length);
        if (ring is null ? measured.Length < Gather - _used : measured.Length <= ring.Left)
        {
            using (frame)
            {
                FrameEncoder.Write(frame, measured, ring is null ? Take(measured.Length) : ring.Take(measured.Length));
            }

            return ValueTask.CompletedTask;
        }

        return WriteSlowAsync(frame, measured, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (ring?.Used >= RingWriter.LeastBytes)
        {
            Seal(ring);
        }
        else if (ring?.Used > 0)
        {
            ring.Written.CopyTo(Take(ring.Used));
            ring.Rewind();
        }

        await FlushBodyAsync(cancellationToken);
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteSlowAsync(Frame frame, FrameEncoder.Measured measured, CancellationToken cancellationToken)
    {
        using (frame)
        {
            if (ring?.Used > 0 && Seal(ring))
                await FlushBodyAsync(cancellationToken);

            if (measured.Length <= ring?.SlotBytes)
            {
                await ClaimAsync(ring, cancellationToken);
                FrameEncoder.Write(frame, measured, ring.Take(measured.Length));
            }
            else if (frame is LineFrame lines && lines.Data.Length >= Gather)
            {
                FrameEncoder.WriteHead(lines, measured, Take(measured.HeadLength));
                await SendAsync(cancellationToken);
                await SendAsync(lines.Memory, cancellationToken);
            }
            else
            {
                FrameEncoder.Write(frame, measured, Take(measured.Length));
                await SendAsync(cancellationToken);
            }
        }
    }

    private async ValueTask ClaimAsync(RingWriter slots, CancellationToken cancellationToken)
    {
        if (!slots.TryClaim())
        {
            await FlushBodyAsync(cancellationToken);
            await TimedAsync(new ValueTask(slots.ClaimAsync(cancellationToken)), cancellationToken);
        }
    }

    /// <summary>Lets the slot at hand go, with word of it in the body.</summary>
    /// <returns>True: it is time to send the body.</returns>
    private bool Seal(RingWriter slots)
    {
        edge.BytesOut += slots.Used;
        using var word = new MessageFrame(new StageInput { Ring = new RingMessages { Bytes = slots.Used } });
        var measured = FrameEncoder.Measure(word);
        FrameEncoder.Write(word, measured, Take(measured.Length));
        return slots.Seal();
    }

    /// <summary>Room in the buffer, which counts as used.</summary>
    private Span<byte> Take(int bytes)
    {
        if (_buffer.Length - _used < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _used + bytes));
            _buffer.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        _used += bytes;
        return _buffer.AsSpan(_used - bytes, bytes);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushBodyAsync(CancellationToken cancellationToken)
    {
        if (_used > 0)
            await SendAsync(cancellationToken);

        if (_unflushed)
        {
            _unflushed = false;
            await TimedAsync(new ValueTask(stream.FlushAsync(cancellationToken)), cancellationToken);
        }
    }

    private ValueTask SendAsync(CancellationToken cancellationToken)
    {
        var used = _used;
        _used = 0;
        return SendAsync(_buffer.AsMemory(0, used), cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        edge.BytesOut += bytes.Length;
        _unflushed = true;
        var sending = stream.WriteAsync(bytes, cancellationToken);
        if (!sending.IsCompletedSuccessfully)
            await TimedAsync(sending, cancellationToken);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask TimedAsync(ValueTask sending, CancellationToken cancellationToken)
    {
        edge.BeginSending();
        try
        {
            await sending;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DownstreamLostException(exception);
        }
        finally
        {
            edge.EndSending();
        }
    }
}
