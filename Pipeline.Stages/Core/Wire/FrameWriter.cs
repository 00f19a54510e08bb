using System.Buffers;
using System.Runtime.CompilerServices;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// Writes frames to the body of the call below. Small frames gather in a buffer and leave together, when it is full or
/// when there is nothing else to do; a large line frame's data goes from where it was read straight to the connection.
/// </summary>
/// <param name="stream">The call's body.</param>
/// <param name="edge">Counts what passes and how long it waits.</param>
/// <param name="ring">Takes the data of large line frames; null = it goes with the message.</param>
internal sealed class FrameWriter(Stream stream, EdgeMeter edge, RingWriter? ring = null) : IFrameOutput, IDisposable
{
    /// <summary>Bytes that gather before they leave: two of HTTP/2's largest default frames.</summary>
    private const int Gather = 128 * 1024;

    /// <summary>What is written comes of a frame with <see cref="Frame.More"/>, and so has more to follow itself.</summary>
    public bool More { get; set; }

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(2 * Gather);
    private int _used;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        using (frame)
        {
            frame.More |= More;
            var before = edge.BytesOut + _used;
            if (frame is LineFrame large && ring is not null && large.Data.Length >= RingWriter.LeastBytes && large.Data.Length <= ring.SlotBytes)
            {
                await FillAsync(large, ring, cancellationToken);
            }
            else if (frame is LineFrame lines && lines.Data.Length >= Gather)
            {
                EncodeHead(lines);
                await SendAsync(cancellationToken);
                await SendAsync(lines.Memory, cancellationToken);
            }
            else
            {
                Encode(frame);
                if (_used >= Gather)
                {
                    await SendAsync(cancellationToken);
                }
            }

            edge.Sent(frame, edge.BytesOut + _used - before);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_used > 0)
        {
            await SendAsync(cancellationToken);
        }

        if (edge.Unflushed)
        {
            edge.Unflushed = false;
            await TimedAsync(new ValueTask(stream.FlushAsync(cancellationToken)), cancellationToken);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(LineFrame lines, RingWriter ring, CancellationToken cancellationToken)
    {
        if (!ring.TryClaim())
        {
            await FlushAsync(cancellationToken);
            await TimedAsync(new ValueTask(ring.ClaimAsync(cancellationToken)), cancellationToken);
        }

        var due = ring.Fill(lines.Data);
        edge.BytesOut += lines.Data.Length;
        var measured = FrameEncoder.Measure(lines, lines.Data.Length);
        FrameEncoder.WriteHead(lines, measured, Room(measured.HeadLength), lines.Data.Length);
        _used += measured.HeadLength;
        if (due)
        {
            await FlushAsync(cancellationToken);
        }
    }

    private void Encode(Frame frame)
    {
        switch (frame)
        {
            case LineFrame lines:
                EncodeHead(lines);
                lines.Data.CopyTo(Room(lines.Data.Length));
                _used += lines.Data.Length;
                break;
            case EventFrame events:
                var measured = FrameEncoder.Measure(events);
                FrameEncoder.Write(events, measured, Room(measured.HeadLength));
                _used += measured.HeadLength;
                break;
            case MessageFrame message:
                var size = message.Message.CalculateSize();
                FrameEncoder.Write(message, size, Room(size + FrameEncoder.GrpcPrefixLength));
                _used += size + FrameEncoder.GrpcPrefixLength;
                break;
            default:
                throw new InvalidOperationException($"No encoding for {frame.GetType().Name}.");
        }
    }

    private void EncodeHead(LineFrame lines)
    {
        var measured = FrameEncoder.Measure(lines);
        FrameEncoder.WriteHead(lines, measured, Room(measured.HeadLength));
        _used += measured.HeadLength;
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _used < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _used + bytes));
            _buffer.AsSpan(0, _used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(_used);
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
        edge.Unflushed = true;
        var sending = stream.WriteAsync(bytes, cancellationToken);
        if (!sending.IsCompletedSuccessfully)
        {
            await TimedAsync(sending, cancellationToken);
        }
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
