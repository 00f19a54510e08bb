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

/// <summary>A source's output: what is no wait is processing.</summary>
internal sealed class SourceOutput(IFrameOutput output, AttemptMetrics metrics) : IFrameOutput
{
    private long _since = metrics.Edge.Now;
    private long _waitedToSend = metrics.Edge.WaitingToSend;
    private long _waitedForInput = metrics.Stage.WaitedForInput;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        var edge = metrics.Edge;
        edge.Received(frame);
        var checkpoint = frame is MessageFrame { Message.Checkpoint: not null };
        edge.InFlight = 1;
        await output.WriteAsync(frame, cancellationToken);
        edge.InFlight = 0;
        var (now, waitedToSend, waitedForInput) = (edge.Now, edge.WaitingToSend, metrics.Stage.WaitedForInput);
        edge.Processing += now - _since - (waitedToSend - _waitedToSend) - (waitedForInput - _waitedForInput);
        edge.WaitedToReceive(waitedForInput - _waitedForInput);
        (_since, _waitedToSend, _waitedForInput) = (now, waitedToSend, waitedForInput);
        if (checkpoint)
            edge.CheckpointAt = now;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);
}
