using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Cli.CheckStage;

/// <summary>The Aggregate stage, with a wrong checksum of its state.</summary>
/// <param name="context">Of the attempt.</param>
internal sealed class WrongAggregate(StageContext context) : ITransform
{
    private readonly AggregateStage _right = new(context);

    public bool Restore(OpenRun open, Checkpoint page) => _right.Restore(open, page);

    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) =>
        _right.OpenAsync(open, below, cancellationToken);

    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken) =>
        _right.ProcessAsync(frame, new Altering(output), cancellationToken);

    public ValueTask DisposeAsync() => _right.DisposeAsync();

    private sealed class Altering(IFrameOutput output) : IFrameOutput
    {
        public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
        {
            if (frame is MessageFrame { Message.Checkpoint.State: { } state })
                state.Crc32++;
            return output.WriteAsync(frame, cancellationToken);
        }
    }
}
