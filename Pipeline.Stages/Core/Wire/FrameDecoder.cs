using System.Text;
using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// Decodes pipeline.v1.StageInput. The two hot kinds are read by hand into pooled memory, whatever the order of their
/// fields; everything a stage relies on afterwards (widths, lengths, text indexes) is checked here, once.
/// </summary>
internal static class FrameDecoder
{
    /// <summary>Most events or lines in one batch that is taken.</summary>
    public const int MaxCount = 4 * 1024 * 1024;

    private const int LinesTag = (2 << 3) | 2;
    private const int EventsTag = (3 << 3) | 2;

    /// <summary>Decodes one message.</summary>
    /// <param name="buffer">Holds the message; a line frame keeps a reference, the caller's own stays the caller's.</param>
    /// <param name="offset">Where in the buffer the message begins.</param>
    /// <param name="length">Bytes of the message.</param>
    /// <exception cref="StageException">The message does not follow the contract.</exception>
    public static Frame Decode(SharedBuffer buffer, int offset, int length)
    {
        ReadOnlySpan<byte> message = buffer.Memory.Span.Slice(offset, length);
        if (length > 1 && message[0] is LinesTag or EventsTag)
        {
            var reader = new ProtoReader(message);
            reader.Next();
            var (start, size) = reader.Range();
            if (reader.Position == length)
                return message[0] == LinesTag ? Lines(buffer, offset + start, size) : Events(message.Slice(start, size));
        }

        return Other(message);
    }

    /// <summary>Messages that are small or odd: by generated code, then in the form of frames.</summary>
    private static Frame Other(ReadOnlySpan<byte> message)
    {
        var input = Parse(StageInput.Parser, message);
        return input.InputCase switch
        {
            StageInput.InputOneofCase.Lines => Copy(input.Lines),
            StageInput.InputOneofCase.Events => Events(input.Events.ToByteArray()),
            StageInput.InputOneofCase.None => throw ProtoReader.Violation("an input of no kind, or of one from a later version"),
            _ => new MessageFrame(input),
        };
    }

    private static LineFrame Copy(LineBatch lines)
    {
        var bytes = lines.ToByteArray();
        var buffer = SharedBuffer.Rent(bytes.Length);
        try
        {
            bytes.CopyTo(buffer.Array, 0);
            return Lines(buffer, 0, bytes.Length);
        }
        finally
        {
            buffer.Release();
        }
    }

    private static LineFrame Lines(SharedBuffer buffer, int start, int length)
    {
        var reader = new ProtoReader(buffer.Memory.Span.Slice(start, length));
        var (dataStart, dataLength, count, firstLine, firstOffset, read, file, more) = (0, 0, 0, 0L, 0L, 0L, "", false);
        List<Gap>? gaps = null;
        List<Reject>? rejects = null;
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: (dataStart, dataLength) = reader.Range(); break;
                case 2: count = reader.Int32(0, MaxCount); break;
                case 3: firstLine = reader.Int64(); break;
                case 4: firstOffset = reader.Int64(); break;
                case 5: (gaps ??= []).Add(Parse(Gap.Parser, reader.Bytes())); break;
                case 6: (rejects ??= []).Add(Parse(Reject.Parser, reader.Bytes())); break;
                case 7: file = reader.Text(); break;
                case 8: read = reader.Int64(); break;
                case 9: more = reader.Int64() != 0; break;
                default: reader.Skip(); break;
            }
        }

        return new LineFrame(buffer.AddReference(), start + dataStart, dataLength)
        {
            Count = count,
            FirstLine = firstLine,
            FirstOffset = firstOffset,
            Gaps = (IReadOnlyList<Gap>?)gaps ?? [],
            Rejects = (IReadOnlyList<Reject>?)rejects ?? [],
            File = file,
            ReadMicros = read,
            More = more,
        };
    }

    /// <summary>Decodes an EventBatch.</summary>
    /// <exception cref="StageException">It does not follow the contract.</exception>
    public static EventFrame Events(ReadOnlySpan<byte> batch)
    {
        var frame = new EventFrame();
        try
        {
            var reader = new ProtoReader(batch);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1: frame.Count = reader.Int32(0, MaxCount); break;
                    case 2: frame.Columns.Add(Column(reader.Bytes())); break;
                    case 3: frame.Rejects.Add(Parse(Reject.Parser, reader.Bytes())); break;
                    case 4: frame.Filtered = reader.Int64(); break;
                    case 5: frame.ReadMicros = reader.Int64(); break;
                    case 6: frame.More = reader.Int64() != 0; break;
                    case 7: frame.File = reader.Text(); break;
                    default: reader.Skip(); break;
                }
            }

            foreach (var column in frame.Columns)
                Check(column, frame.Count);

            return frame.Filtered >= 0 ? frame : throw ProtoReader.Violation("a negative count of filtered events");
        }
        catch
        {
            frame.Dispose();
            throw;
        }
    }

    // Without allocating a string for the usual names.
    private static string NameOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("type"u8) ? ColumnNames.Type
        : name.SequenceEqual("value"u8) ? ColumnNames.Value
        : name.SequenceEqual("rule"u8) ? "rule"
        : name.SequenceEqual("user"u8) ? ColumnNames.User
        : Encoding.UTF8.GetString(name);

    private static EventColumn Column(ReadOnlySpan<byte> message)
    {
        var (name, kind, width, scale) = ("", ColumnKind.Unspecified, 0, 0);
        var data = ReadOnlySpan<byte>.Empty;
        TextTable? texts = null;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: name = NameOf(reader.Bytes()); break;
                case 2: kind = (ColumnKind)reader.Int32(1, 3); break;
                case 3: width = reader.Int32(0, 8); break;
                case 4: data = reader.Bytes(); break;
                case 5: scale = reader.Int32(0, 9); break;
                case 6: (texts ??= new TextTable()).Add(reader.Bytes()); break;
                default: reader.Skip(); break;
            }
        }

        var widest = kind switch { ColumnKind.Text => 4, ColumnKind.Number => 8, ColumnKind.Boolean => 1, _ => -1 };
        if (width > widest || !(width is 0 or 1 or 2 or 4 or 8) || (width == 0 ? !data.IsEmpty : data.Length % width != 0))
        {
            texts?.Dispose();
            throw ProtoReader.Violation($"column {name} of kind {kind} with width {width} and {data.Length} bytes");
        }

        var column = new EventColumn { Name = name, Kind = kind, Scale = scale, Texts = kind == ColumnKind.Text ? texts ?? new TextTable() : null };
        column.Allocate(width, width == 0 ? 0 : data.Length / width);
        data.CopyTo(column.Data);
        return column;
    }

    private static void Check(EventColumn column, int count)
    {
        if (column.DataLength != column.Width * (long)count)
            throw ProtoReader.Violation($"column {column.Name} has {column.DataLength} bytes for {count} events of width {column.Width}");

        if (column.Kind is ColumnKind.Text or ColumnKind.Boolean && column.GreatestCode(count) >= column.Domain)
            throw ProtoReader.Violation($"column {column.Name} has an index beyond its {column.Domain} values");
    }

    /// <summary>Decodes a message by generated code.</summary>
    /// <exception cref="StageException">It does not follow the contract.</exception>
    public static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> message)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw ProtoReader.Violation(exception.Message);
        }
    }
}
