using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Pipeline.Contracts;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// Reads frames from the hop above. Whatever whole messages have arrived in the call's body are copied out of the pipe in one go, so
/// that the connection goes on receiving while they are processed; what stands in the hop's ring is read there. Line frames are
/// slices of either.
/// </summary>
/// <param name="body">The call's body.</param>
/// <param name="edge">Counts what passes.</param>
internal sealed class FrameReader(PipeReader body, EdgeMeter edge) : IDisposable
{
    private const int MaxChunk = 256 * 1024;

    private Messages _chunk;
    private Messages _slot;

    /// <summary>The hop's ring, once both ends have agreed on it.</summary>
    public RingReader? Ring { get; set; }

    /// <summary>Decodes the next frame that has arrived; false: none.</summary>
    /// <exception cref="StageException">The message does not follow the contract.</exception>
    public bool TryRead([NotNullWhen(true)] out Frame? frame)
    {
        while (true)
        {
            var inSlot = !_slot.IsEmpty;
            ref var messages = ref inSlot ? ref _slot : ref _chunk;
            if (!inSlot && _chunk.IsEmpty && !TryTake())
            {
                frame = null;
                return false;
            }

            var before = messages.At;
            frame = messages.Decode();
            edge.BytesIn += inSlot ? 0 : messages.At - before;
            messages.DropIfRead();
            if (frame is not MessageFrame { Message.Ring: { } ring })
            {
                edge.Received(frame);
                return true;
            }

            _slot = !inSlot && Ring is not null
                ? new Messages(Ring.Take(ring.Bytes), ring.Bytes)
                : throw ProtoReader.Violation("messages in a ring that was not accepted, or in another's slot");
        }
    }

    /// <summary>Waits until another frame has arrived; false: the body is complete.</summary>
    /// <exception cref="StageException">The body ends within a message, or a message is too large.</exception>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        while (_chunk.IsEmpty && _slot.IsEmpty)
        {
            var result = await body.ReadAsync(cancellationToken);
            if (Take(result))
                return true;

            if (result.IsCompleted)
                return result.Buffer.IsEmpty ? false : throw ProtoReader.Violation("the stream ends within a message");
        }

        return true;
    }

    /// <summary>Drops the frames that have arrived and will not be processed.</summary>
    /// <returns>How many there were, as far as a connection that broke still tells.</returns>
    public long DiscardPending()
    {
        long discarded = 0;
        try
        {
            while (TryRead(out var frame))
            {
                frame.Dispose();
                discarded++;
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException or StageException)
        {
            // What the body held went with the connection.
        }

        return discarded;
    }

    public void Dispose()
    {
        _chunk.Drop();
        _slot.Drop();
    }

    private bool TryTake() => body.TryRead(out var result) && Take(result);

    /// <summary>Copies the whole messages of the buffer and gives it back to the pipe.</summary>
    private bool Take(ReadResult result)
    {
        var buffer = result.Buffer;
        var whole = WholeMessages(buffer);
        if (whole == 0)
        {
            body.AdvanceTo(buffer.Start, buffer.End);
            return false;
        }

        var chunk = SharedBuffer.Rent((int)whole);
        buffer.Slice(0, whole).CopyTo(chunk.Array);
        _chunk = new Messages(chunk, (int)whole);
        var end = buffer.GetPosition(whole);
        body.AdvanceTo(end, end);
        return true;
    }

    /// <summary>Bytes of the messages that have arrived whole: at least one, then as many as fit the chunk.</summary>
    private static long WholeMessages(ReadOnlySequence<byte> buffer)
    {
        long whole = 0;
        var rest = new SequenceReader<byte>(buffer);
        Span<byte> prefix = stackalloc byte[FrameEncoder.GrpcPrefixLength];
        while (rest.TryCopyTo(prefix))
        {
            var length = Messages.LengthOf(prefix);
            var size = FrameEncoder.GrpcPrefixLength + (long)length;
            if (rest.Remaining < size || (whole > 0 && whole + size > MaxChunk))
                break;

            rest.Advance(size);
            whole += size;
        }

        return whole;
    }
}
