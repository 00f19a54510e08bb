using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Pipeline.Stages.Core.Wire;

/// <summary>Writes protobuf fields into a span that was measured before. Encoding: https://protobuf.dev/programming-guides/encoding.</summary>
internal ref struct ProtoWriter(Span<byte> target)
{
    private readonly Span<byte> _target = target;

    /// <summary>Bytes written.</summary>
    public int Position { get; private set; }

    public static int SizeOfVarint(ulong value) => ((BitOperations.Log2(value | 1) * 9) + 73) >> 6;

    public static int SizeOfInt64(int field, long value) => value == 0 ? 0 : SizeOfTag(field) + SizeOfVarint((ulong)value);

    public static int SizeOfBytes(int field, int length) => SizeOfTag(field) + SizeOfVarint((uint)length) + length;

    public static int SizeOfTag(int field) => SizeOfVarint((uint)field << 3);

    public void Int64(int field, long value)
    {
        if (value != 0)
        {
            Tag(field, 0);
            Varint((ulong)value);
        }
    }

    public void Text(int field, string value)
    {
        if (value.Length > 0)
        {
            Head(field, Encoding.UTF8.GetByteCount(value));
            Position += Encoding.UTF8.GetBytes(value, _target[Position..]);
        }
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Head(field, value.Length);
        value.CopyTo(_target[Position..]);
        Position += value.Length;
    }

    public void Message(int field, Google.Protobuf.IMessage value)
    {
        var size = value.CalculateSize();
        Head(field, size);
        Google.Protobuf.MessageExtensions.WriteTo(value, _target.Slice(Position, size));
        Position += size;
    }

    /// <summary>Tag and length of a field whose content follows.</summary>
    public void Head(int field, int length)
    {
        Tag(field, 2);
        Varint((uint)length);
    }

    /// <summary>Length prefix of a gRPC message, uncompressed: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.</summary>
    public void GrpcPrefix(int messageLength)
    {
        _target[Position] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(_target[(Position + 1)..], (uint)messageLength);
        Position += FrameEncoder.GrpcPrefixLength;
    }

    private void Tag(int field, int wireType) => Varint(((uint)field << 3) | (uint)wireType);

    private void Varint(ulong value)
    {
        while (value >= 0x80)
        {
            _target[Position++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _target[Position++] = (byte)value;
    }
}
