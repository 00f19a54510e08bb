using System.Text;
using Pipeline.Contracts;

namespace Pipeline.Stages.Core.Wire;

/// <summary>Reads protobuf fields from a span; whatever is cut off or out of range is a protocol violation.</summary>
internal ref struct ProtoReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private int _wireType;

    /// <summary>Bytes read.</summary>
    public int Position { get; private set; }

    /// <summary>Number of the field just begun.</summary>
    public int Field { get; private set; }

    /// <summary>True: the field is length-delimited.</summary>
    public readonly bool IsDelimited => _wireType == 2;

    /// <summary>True: the field is a varint.</summary>
    public readonly bool IsVarint => _wireType == 0;

    /// <summary>Goes to the next field; false at the end.</summary>
    public bool Next()
    {
        if (Position == _source.Length)
            return false;

        var tag = Varint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        _wireType = (int)(tag & 7);
        return Field > 0 ? true : throw Violation("field number 0");
    }

    public long Int64() => IsVarint ? (long)Varint() : throw Violation($"field {Field} has wire type {_wireType}, not 0");

    public int Int32(int least, int most)
    {
        var value = Int64();
        return value >= least && value <= most ? (int)value : throw Violation($"field {Field} is {value}, not in {least}..{most}");
    }

    public ReadOnlySpan<byte> Bytes()
    {
        var (start, length) = Range();
        return _source.Slice(start, length);
    }

    /// <summary>Where in the source the field's content stands.</summary>
    public (int Start, int Length) Range()
    {
        var length = IsDelimited ? Varint() : throw Violation($"field {Field} has wire type {_wireType}, not 2");
        if (length > (ulong)(_source.Length - Position))
            throw Violation($"field {Field} is longer than its message");

        var start = Position;
        Position += (int)length;
        return (start, (int)length);
    }

    public string Text()
    {
        var bytes = Bytes();
        return bytes.IsEmpty ? "" : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Passes over a field of a later version of the contract.</summary>
    public void Skip()
    {
        switch (_wireType)
        {
            case 0: Varint(); break;
            case 1: Advance(8); break;
            case 2: Range(); break;
            case 5: Advance(4); break;
            default: throw Violation($"field {Field} has wire type {_wireType}");
        }
    }

    /// <summary>A violation of pipeline/v1/stage.proto, to follow "sent"; who sent it is filled in where it is known.</summary>
    public static StageException Violation(string what) => new(FailureReasons.ProtocolViolation, what);

    private void Advance(int bytes) => Position = bytes <= _source.Length - Position ? Position + bytes : throw Violation("cut off");

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (Position == _source.Length)
                throw Violation("cut off");

            var next = _source[Position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Violation("a varint of more than ten bytes");
    }
}
