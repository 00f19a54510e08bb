using System.Buffers.Binary;
using Pipeline.Contracts;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Wire;

/// <summary>Messages that have arrived, one after the other, each with its prefix.</summary>
/// <param name="buffer">Holds them; one reference is taken over.</param>
/// <param name="end">Bytes of all, from 1; from a ring they may be nonsense.</param>
internal struct Messages(SharedBuffer buffer, int end)
{
    private SharedBuffer? _buffer = buffer;

    /// <summary>Whether all of them are read, or there never were any.</summary>
    public readonly bool IsEmpty => _buffer is null;

    /// <summary>Bytes of those read.</summary>
    public int At { get; private set; }

    /// <summary>The length of the message that this prefix stands before.</summary>
    /// <exception cref="StageException">It is not to be taken.</exception>
    public static int LengthOf(ReadOnlySpan<byte> prefix)
    {
        if (prefix[0] != 0)
            throw ProtoReader.Violation("a compressed message; send them uncompressed");

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        return length <= StageContract.MaxMessageBytes
            ? (int)length
            : throw ProtoReader.Violation($"a message of {length} bytes; at most {StageContract.MaxMessageBytes} are taken");
    }

    /// <summary>Decodes the next one.</summary>
    /// <exception cref="StageException">It does not follow the contract.</exception>
    public Frame Decode()
    {
        var start = At + FrameEncoder.GrpcPrefixLength;
        var length = start <= end ? LengthOf(_buffer!.Memory.Span.Slice(At, FrameEncoder.GrpcPrefixLength)) : 0;
        if (length > end - start)
            throw ProtoReader.Violation($"messages that end within one, after {end} bytes");

        At = start + length;
        return FrameDecoder.Decode(_buffer!, start, length);
    }

    /// <summary>Lets the buffer go where all messages are read.</summary>
    public void DropIfRead()
    {
        if (At == end)
            Drop();
    }

    /// <summary>Lets the buffer go.</summary>
    public void Drop()
    {
        _buffer?.Release();
        _buffer = null;
    }
}

/// <summary>A frame could not be written to the hop below. Why, the answer of the call tells better, if one comes.</summary>
internal sealed class DownstreamLostException(Exception inner) : IOException(inner.Message, inner);
