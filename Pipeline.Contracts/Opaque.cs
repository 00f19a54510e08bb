using Google.Protobuf;

namespace Pipeline.Contracts.V1;

/// <summary>Seals and opens a message that only its readers decode.</summary>
public sealed partial class Opaque
{
    /// <summary>Whether the checksum fits the content.</summary>
    public bool IsIntact => System.IO.Hashing.Crc32.HashToUInt32(Content.Span) == Crc32;

    /// <summary>A message, sealed.</summary>
    public static Opaque Of(IMessage message)
    {
        var content = message.ToByteString();
        return new Opaque { Content = content, Crc32 = System.IO.Hashing.Crc32.HashToUInt32(content.Span) };
    }

    /// <summary>The message.</summary>
    /// <exception cref="StageException">protocol_violation: it is not what was sealed, or no such message.</exception>
    public T Open<T>(MessageParser<T> parser)
        where T : IMessage<T>
    {
        if (!IsIntact)
            throw new StageException(FailureReasons.ProtocolViolation, "a part of a checkpoint that does not fit its checksum");

        try
        {
            return parser.ParseFrom(Content);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new StageException(
                FailureReasons.ProtocolViolation, $"a part of a checkpoint that cannot be decoded: {exception.Message}", inner: exception);
        }
    }
}
