using System.Text;
using Google.Protobuf;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// Encodes frames as gRPC messages of pipeline.v1.StageInput. LineBatch and EventBatch are written by hand from pooled
/// memory; the bytes are those that generated code reads. A line batch's data comes last, so that it need not be copied.
/// </summary>
internal static class FrameEncoder
{
    /// <summary>Compressed flag and message length before each message.</summary>
    public const int GrpcPrefixLength = 5;

    private const int LinesField = 2;
    private const int EventsField = 3;

    /// <summary>Measures a frame, to be written then.</summary>
    public static Measured Measure(Frame frame) => frame switch
    {
        LineFrame lines => Measure(lines),
        EventFrame events => Measure(events),
        MessageFrame message => new Measured(message.Message.CalculateSize(), 0, 0),
        _ => throw new InvalidOperationException($"No encoding for {frame.GetType().Name}."),
    };

    /// <summary>Writes a frame.</summary>
    /// <param name="frame">The frame, as it was measured.</param>
    /// <param name="measured">Its sizes.</param>
    /// <param name="target">Takes <see cref="Measured.Length"/> bytes.</param>
    public static void Write(Frame frame, Measured measured, Span<byte> target)
    {
        switch (frame)
        {
            case LineFrame lines:
                WriteHead(lines, measured, target);
                lines.Data.CopyTo(target[measured.HeadLength..]);
                break;
            case EventFrame events:
                Write(events, measured, target);
                break;
            case MessageFrame message:
                new ProtoWriter(target).GrpcPrefix(measured.Body);
                message.Message.WriteTo(target.Slice(GrpcPrefixLength, measured.Body));
                break;
        }
    }

    /// <summary>Writes all of a line frame but its data, which is to follow.</summary>
    public static void WriteHead(LineFrame frame, Measured measured, Span<byte> target)
    {
        var writer = Begin(measured, target);
        writer.Int64(2, frame.Count);
        writer.Int64(3, frame.FirstLine);
        writer.Int64(4, frame.FirstOffset);
        foreach (var gap in frame.Gaps)
            writer.Message(5, gap);

        foreach (var reject in frame.Rejects)
            writer.Message(6, reject);

        writer.Text(7, frame.File);
        writer.Int64(8, frame.ReadMicros);
        writer.Int64(9, frame.More ? 1 : 0);
        writer.Head(1, measured.TrailingBytes);
    }

    private static Measured Measure(LineFrame frame)
    {
        var data = frame.Data.Length;
        var body = ProtoWriter.SizeOfInt64(2, frame.Count)
            + ProtoWriter.SizeOfInt64(3, frame.FirstLine)
            + ProtoWriter.SizeOfInt64(4, frame.FirstOffset)
            + ProtoWriter.SizeOfInt64(8, frame.ReadMicros)
            + ProtoWriter.SizeOfInt64(9, frame.More ? 1 : 0)
            + ProtoWriter.SizeOfBytes(1, data);
        if (frame.File.Length > 0)
            body += ProtoWriter.SizeOfBytes(7, Encoding.UTF8.GetByteCount(frame.File));

        foreach (var gap in frame.Gaps)
            body += ProtoWriter.SizeOfBytes(5, gap.CalculateSize());

        foreach (var reject in frame.Rejects)
            body += ProtoWriter.SizeOfBytes(6, reject.CalculateSize());

        return new Measured(body, LinesField, data);
    }

    private static Measured Measure(EventFrame frame)
    {
        var body = ProtoWriter.SizeOfInt64(1, frame.Count)
            + ProtoWriter.SizeOfInt64(4, frame.Filtered)
            + ProtoWriter.SizeOfInt64(5, frame.ReadMicros)
            + ProtoWriter.SizeOfInt64(6, frame.More ? 1 : 0);
        if (frame.File.Length > 0)
            body += ProtoWriter.SizeOfBytes(7, Encoding.UTF8.GetByteCount(frame.File));

        foreach (var column in frame.Columns)
            body += ProtoWriter.SizeOfBytes(2, SizeOf(column));

        foreach (var reject in frame.Rejects)
            body += ProtoWriter.SizeOfBytes(3, reject.CalculateSize());

        return new Measured(body, EventsField, 0);
    }

    private static void Write(EventFrame frame, Measured measured, Span<byte> target)
    {
        var writer = Begin(measured, target);
        writer.Int64(1, frame.Count);
        foreach (var column in frame.Columns)
        {
            writer.Head(2, SizeOf(column));
            Write(column, ref writer);
        }

        foreach (var reject in frame.Rejects)
            writer.Message(3, reject);

        writer.Int64(4, frame.Filtered);
        writer.Int64(5, frame.ReadMicros);
        writer.Int64(6, frame.More ? 1 : 0);
        writer.Text(7, frame.File);
    }

    private static ProtoWriter Begin(Measured measured, Span<byte> target)
    {
        var writer = new ProtoWriter(target);
        writer.GrpcPrefix(measured.MessageLength);
        writer.Head(measured.Field, measured.Body);
        return writer;
    }

    private static int SizeOf(EventColumn column)
    {
        var size = ProtoWriter.SizeOfBytes(1, Encoding.UTF8.GetByteCount(column.Name))
            + ProtoWriter.SizeOfInt64(2, (int)column.Kind)
            + ProtoWriter.SizeOfInt64(3, column.Width)
            + ProtoWriter.SizeOfInt64(5, column.Scale);
        if (column.DataLength > 0)
            size += ProtoWriter.SizeOfBytes(4, column.DataLength);

        for (var i = 0; i < (column.Texts?.Count ?? 0); i++)
            size += ProtoWriter.SizeOfBytes(6, column.Texts![i].Length);

        return size;
    }

    private static void Write(EventColumn column, ref ProtoWriter writer)
    {
        writer.Text(1, column.Name);
        writer.Int64(2, (int)column.Kind);
        writer.Int64(3, column.Width);
        if (column.DataLength > 0)
            writer.Bytes(4, column.Data);

        writer.Int64(5, column.Scale);
        for (var i = 0; i < (column.Texts?.Count ?? 0); i++)
            writer.Bytes(6, column.Texts![i]);
    }

    /// <summary>Sizes of a frame's encoding.</summary>
    /// <param name="Body">Bytes of the batch message; of other frames, of the whole message.</param>
    /// <param name="Field">The batch's field in StageInput; 0 = it is no batch.</param>
    /// <param name="TrailingBytes">Data at the end of a line batch.</param>
    public readonly record struct Measured(int Body, int Field, int TrailingBytes)
    {
        /// <summary>Bytes of the gRPC message.</summary>
        public int MessageLength => Field == 0 ? Body : ProtoWriter.SizeOfBytes(Field, Body);

        /// <summary>Bytes in all, gRPC prefix included.</summary>
        public int Length => GrpcPrefixLength + MessageLength;

        /// <summary>The same without the data at the end.</summary>
        public int HeadLength => Length - TrailingBytes;
    }
}
