using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Monolith;

/// <summary>Hands frames to the next stage by a call.</summary>
/// <param name="stage">The next stage.</param>
/// <param name="metrics">Its figures.</param>
/// <param name="next">Its own output.</param>
internal sealed class Link(ITransform stage, AttemptMetrics metrics, IFrameOutput next) : IFrameOutput
{
    /// <inheritdoc/>
    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        metrics.Edge.Received(frame);
        return stage.ProcessAsync(frame, next, cancellationToken);
    }
}
