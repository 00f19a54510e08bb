using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// Reads frames from the body of the call from above. Whatever whole messages have arrived are copied out of the pipe in one go,
/// so that the connection goes on receiving while they are processed; line frames are slices of that copy.
/// </summary>
/// <param name="body">The call's body.</param>
/// <param name="edge">Counts what passes and how long it waits.</param>
internal sealed class FrameReader(PipeReader body, EdgeMeter edge) : IDisposable
{
    /// <summary>Largest message taken, in bytes.</summary>
    public const int MaxMessageBytes = 16 * 1024 * 1024;

    private const int MaxChunk = 256 * 1024;

    private PooledBuffer? _chunk;
    private int _at;
    private int _end;

    /// <summary>Holds the data of large line batches, once both ends have agreed on it.</summary>
    public RingReader? Ring { get; set; }

    /// <summary>Decodes the next frame that has arrived; false: none.</summary>
    /// <exception cref="StageException">The message does not follow the contract.</exception>
    public bool TryRead([NotNullWhen(true)] out Frame? frame)
    {
        frame = null;
        if (_chunk is null && !TryTake())
        {
            return false;
        }

        var length = (int)BinaryPrimitives.ReadUInt32BigEndian(_chunk!.Array.AsSpan(_at + 1));
        frame = FrameDecoder.Decode(_chunk, _at + FrameEncoder.GrpcPrefixLength, length, Ring);
        _at += FrameEncoder.GrpcPrefixLength + length;
        edge.BytesIn += FrameEncoder.GrpcPrefixLength + length;
        edge.Received(frame);
        if (_at == _end)
        {
            DropChunk();
        }

        return true;
    }

    /// <summary>Waits until another frame has arrived; false: the body is complete.</summary>
    /// <exception cref="StageException">The body ends within a message, or a message is too large.</exception>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        while (_chunk is null)
        {
            edge.BeginReceiving();
            var result = await body.ReadAsync(cancellationToken);
            edge.EndReceiving();
            if (Take(result))
            {
                return true;
            }

            if (result.IsCompleted)
            {
                return result.Buffer.IsEmpty ? false : throw ProtoReader.Violation("the stream ends within a message");
            }
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
            do
            {
                for (; _chunk is not null && _at < _end; discarded++)
                {
                    _at += FrameEncoder.GrpcPrefixLength + (int)BinaryPrimitives.ReadUInt32BigEndian(_chunk.Array.AsSpan(_at + 1));
                }

                DropChunk();
            }
            while (TryTake());
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or OperationCanceledException or StageException)
        {
            // What the body held went with the connection.
        }

        return discarded;
    }

    public void Dispose() => DropChunk();

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

        _chunk = SharedBuffer.Rent((int)whole);
        buffer.Slice(0, whole).CopyTo(_chunk.Array);
        (_at, _end) = (0, (int)whole);
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
            if (prefix[0] != 0)
            {
                throw ProtoReader.Violation("a compressed message; send them uncompressed");
            }

            var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
            if (length > MaxMessageBytes)
            {
                throw ProtoReader.Violation($"a message of {length} bytes; at most {MaxMessageBytes} are taken");
            }

            var size = FrameEncoder.GrpcPrefixLength + (long)length;
            if (rest.Remaining < size || (whole > 0 && whole + size > MaxChunk))
            {
                break;
            }

            rest.Advance(size);
            whole += size;
        }

        return whole;
    }

    private void DropChunk()
    {
        _chunk?.Release();
        _chunk = null;
    }
}
