using System.Runtime.CompilerServices;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>The last stage's output: there is no stage below.</summary>
internal sealed class NoOutput : IFrameOutput
{
    public static NoOutput Instance { get; } = new();

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        frame.Dispose();
        throw new InvalidOperationException("The last stage hands nothing on.");
    }
}

/// <summary>A source's output: all time but waits counts as processing.</summary>
internal sealed class SourceOutput(IFrameOutput output, EdgeMeter edge) : IFrameOutput
{
    private long _since = edge.Now;
    private long _waited = edge.WaitingToSend + edge.WaitingToReceive;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        edge.Received(frame);
        var checkpoint = frame is MessageFrame { Message.Checkpoint: not null };
        edge.InFlight = 1;
        await output.WriteAsync(frame, cancellationToken);
        edge.InFlight = 0;
        var (now, waited) = (edge.Now, edge.WaitingToSend + edge.WaitingToReceive);
        edge.Processing += now - _since - (waited - _waited);
        (_since, _waited) = (now, waited);
        if (checkpoint)
            edge.CheckpointAt = now;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);
}
