using System.Threading.Channels;
using Pipeline.Contracts;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Monolith;

/// <summary>
/// Lets several instances of one stage work on several batches at once and hands on what comes of them in the order of the
/// batches. Frames that carry no data stay in their place: what was before them is handed on before them.
/// </summary>
internal sealed class OrderedParallel : IFrameOutput, IAsyncDisposable
{
    private readonly Channel<ITransform> _idle;
    private readonly Channel<Task<List<Frame>>> _underWay;
    private readonly CancellationTokenSource _stopped;
    private readonly AttemptMetrics _metrics;
    private readonly CancellationToken _cancellationToken;
    private readonly Task _handingOn;

    public OrderedParallel(IReadOnlyList<ITransform> stages, AttemptMetrics metrics, IFrameOutput next, CancellationToken cancellationToken)
    {
        _metrics = metrics;
        _cancellationToken = cancellationToken;
        _stopped = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _underWay = Channel.CreateBounded<Task<List<Frame>>>(new BoundedChannelOptions(stages.Count) { SingleReader = true, SingleWriter = true });
        _idle = Channel.CreateUnbounded<ITransform>();
        foreach (var stage in stages)
            _idle.Writer.TryWrite(stage);

        _handingOn = HandOnAsync(next);
    }

    /// <summary>Lets the source read, and waits until everything is handed on.</summary>
    /// <exception cref="StageException">The source or another stage of the chain has failed.</exception>
    /// <exception cref="OperationCanceledException">The attempt was cancelled.</exception>
    public async Task ReadAsync(ISource source, CancellationToken drain)
    {
        try
        {
            await source.ReadAsync(this, drain, _stopped.Token);
        }
        catch (OperationCanceledException) when (!_cancellationToken.IsCancellationRequested)
        {
            // The rest of the chain has failed and so stopped the source: its failure, thrown here, is the one to tell.
            await CompleteAsync();
            throw;
        }

        await CompleteAsync();
    }

    public async ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        _metrics.Edge.Received(frame);
        // A stage sees only some of the frames here: none may keep anything for the next one.
        frame.More = false;
        var stage = await _idle.Reader.ReadAsync(cancellationToken);
        await _underWay.Writer.WriteAsync(Task.Run(() => ProcessAsync(stage, frame, cancellationToken), CancellationToken.None), cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _underWay.Writer.TryComplete();
        await _handingOn.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopped.Dispose();
    }

    private async Task CompleteAsync()
    {
        _underWay.Writer.TryComplete();
        await _handingOn;
    }

    private async Task<List<Frame>> ProcessAsync(ITransform stage, Frame frame, CancellationToken cancellationToken)
    {
        var output = new Gathered();
        await stage.ProcessAsync(frame, output, cancellationToken);
        _idle.Writer.TryWrite(stage);
        return output.Frames;
    }

    private async Task HandOnAsync(IFrameOutput next)
    {
        try
        {
            await foreach (var frames in _underWay.Reader.ReadAllAsync(_stopped.Token))
            {
                foreach (var frame in await frames)
                    await next.WriteAsync(frame, _stopped.Token);
            }
        }
        catch
        {
            await _stopped.CancelAsync();
            throw;
        }
    }

    private sealed class Gathered : IFrameOutput
    {
        public List<Frame> Frames { get; } = [];

        public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
        {
            Frames.Add(frame);
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Hands frames to the next stage by a call.</summary>
/// <param name="stage">The next stage.</param>
/// <param name="metrics">Its figures.</param>
/// <param name="next">Its own output.</param>
internal sealed class Link(ITransform stage, AttemptMetrics metrics, IFrameOutput next) : IFrameOutput
{
    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        metrics.Edge.Received(frame);
        return stage.ProcessAsync(frame, next, cancellationToken);
    }
}
