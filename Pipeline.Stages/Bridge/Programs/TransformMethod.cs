using System.Buffers;
using System.Text.Unicode;
using Google.Protobuf;
using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Bridge.Programs;

/// <summary>A request: the opening, or a frame of events or work items.</summary>
internal sealed record Question(uint Number, TransformOpen? Open, Frame? Frame);

/// <summary>A response: the answer to the opening, or a frame.</summary>
internal sealed record Answer(uint Number, TransformOpened? Opened, Frame? Frame);

/// <summary>pipeline.v1.Transform/Apply, with the frames' own encoding: batches have the same fields as in StageInput.</summary>
internal static class TransformMethod
{
    private const int OpenField = 1;
    private const int EventsField = 3;
    private const int WorkItemsField = 4;
    private const int NumberField = 15;

    /// <summary>Answers stay bytes, so that nonsense is told apart from a call that broke.</summary>
    public static Method<Question, byte[]> Apply { get; } = new(
        MethodType.DuplexStreaming,
        "pipeline.v1.Transform",
        nameof(Apply),
        new Marshaller<Question>(Write, _ => throw new NotSupportedException()),
        new Marshaller<byte[]>((_, _) => throw new NotSupportedException(), context => context.PayloadAsReadOnlySequence().ToArray()));

    /// <summary>Decodes an answer.</summary>
    /// <exception cref="StageException">It does not follow the contract.</exception>
    public static Answer Read(byte[] message)
    {
        var (number, opened, frame) = (0U, (TransformOpened?)null, (Frame?)null);
        try
        {
            var reader = new ProtoReader(message);
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case OpenField: opened = FrameDecoder.Parse(TransformOpened.Parser, reader.Bytes()); break;
                    case EventsField: frame = WithTexts(FrameDecoder.Events(reader.Bytes())); break;
                    case WorkItemsField:
                        frame = new MessageFrame(new StageInput { WorkItems = FrameDecoder.Parse(WorkItemBatch.Parser, reader.Bytes()) });
                        break;
                    case NumberField: number = (uint)reader.Int64(); break;
                    default: reader.Skip(); break;
                }
            }

            return new Answer(number, opened, frame);
        }
        catch (StageException)
        {
            frame?.Dispose();
            throw;
        }
    }

    // Checked here, so that the failure names the program; Aggregate would name the bridge.
    private static EventFrame WithTexts(EventFrame frame)
    {
        foreach (var column in frame.Columns)
        {
            for (var code = 0; code < column.Texts?.Count; code++)
            {
                if (!Utf8.IsValid(column.Texts[code]))
                {
                    var name = column.Name;
                    frame.Dispose();
                    throw ProtoReader.Violation($"column {name} has a text that is not UTF-8");
                }
            }
        }

        return frame;
    }

    private static void Write(Question question, SerializationContext context)
    {
        var numberSize = ProtoWriter.SizeOfInt64(NumberField, question.Number);
        if (question.Frame is not { } frame)
        {
            var request = new TransformRequest { Open = question.Open, Number = question.Number };
            context.SetPayloadLength(request.CalculateSize());
            request.WriteTo(context.GetBufferWriter());
        }
        else
        {
            var measured = FrameEncoder.Measure(frame);
            var encoded = ArrayPool<byte>.Shared.Rent(measured.Length);
            FrameEncoder.Write(frame, measured, encoded);
            context.SetPayloadLength(measured.MessageLength + numberSize);
            var buffer = context.GetBufferWriter();
            // gRPC writes its own prefix.
            buffer.Write(encoded.AsSpan(FrameEncoder.GrpcPrefixLength, measured.MessageLength));
            ArrayPool<byte>.Shared.Return(encoded);
            var number = new ProtoWriter(buffer.GetSpan(numberSize));
            number.Int64(NumberField, question.Number);
            buffer.Advance(numberSize);
        }

        context.Complete();
    }
}
