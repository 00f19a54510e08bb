using Google.Protobuf;
using Grpc.Core;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// pipeline.v1.Stage/Process as the stages of this runtime call and serve it: gRPC does the call, its headers, status and
/// answers; the frames, which are all of the traffic, are written and read by <see cref="FrameWriter"/> and
/// <see cref="FrameReader"/> on the call's body. On the wire there is no difference.
/// </summary>
internal static class StageMethod
{
    private static readonly Marshaller<StageInput> InputMarshaller = Marshaller(StageInput.Parser);
    private static readonly Marshaller<StageOutput> OutputMarshaller = Marshaller(StageOutput.Parser);

    /// <summary>For callers: the first message is the call's request, the frames follow in its body.</summary>
    public static Method<StageInput, StageOutput> Process { get; } =
        new(MethodType.ServerStreaming, StageContract.Interface, "Process", InputMarshaller, OutputMarshaller);

    private static Marshaller<T> Marshaller<T>(MessageParser<T> parser)
        where T : class, IMessage<T> =>
        new(
            (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
