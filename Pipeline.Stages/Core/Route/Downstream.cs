using System.Runtime.CompilerServices;
using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Route;

/// <summary>The call to the next hop of a run's route, on a connection of its own.</summary>
internal sealed class Downstream : IAsyncDisposable
{
    private readonly PipelineChannel _channel;
    private readonly AsyncServerStreamingCall<StageOutput> _call;
    private readonly FrameContent _content;
    private readonly RingWriter? _ring;

    private Downstream(
        Hop hop, PipelineChannel channel, AsyncServerStreamingCall<StageOutput> call, FrameContent content, FrameWriter frames, RingWriter? ring,
        RunOpened opened)
    {
        Hop = hop;
        _channel = channel;
        _call = call;
        _content = content;
        _ring = ring;
        Frames = frames;
        Opened = opened;
    }

    /// <summary>Whom the call goes to.</summary>
    public Hop Hop { get; }

    /// <summary>Where frames go.</summary>
    public FrameWriter Frames { get; }

    /// <summary>What the hop answered to OpenRun.</summary>
    public RunOpened Opened { get; }

    /// <summary>Opens the first hop of the route with the rest of it, and waits for its answer.</summary>
    /// <param name="open">As it came from above.</param>
    /// <param name="trace">The trace context that came from above.</param>
    /// <param name="ring">Shared memory to offer to the hop; null = none. Disposed with the call, or at once if the hop does not want it.</param>
    /// <param name="channels">Make the connection.</param>
    /// <param name="edge">Counts what passes.</param>
    /// <param name="restore">Takes the state that comes before the answer, page by page.</param>
    /// <param name="timeout">For each page of the answer.</param>
    /// <param name="time">The clock of the timeout.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="StageException">The hop cannot be reached in time, or refuses.</exception>
    public static async Task<Downstream> OpenAsync(
        OpenRun open, Metadata trace, RingWriter? ring, PipelineChannels channels, EdgeMeter edge,
        Func<RunOpened, ValueTask> restore, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var hop = open.Route[0];
        timeout = HandshakeTimeoutAt(open, timeout);
        PipelineChannel? channel = null;
        AsyncServerStreamingCall<StageOutput>? call = null;
        try
        {
            var below = open.Clone();
            below.Route.RemoveAt(0);
            below.Ring = ring?.Offer;
            FrameContentHandler? handler = null;
            channel = channels.Create(hop.ParseAddress(), inner => handler = new FrameContentHandler(inner));
            call = channel.Invoker.AsyncServerStreamingCall(
                StageMethod.Process, null, new CallOptions(trace, cancellationToken: cancellationToken),
                new StageInput { OpenRun = below });
            var opened = await RunOpenedPages.ReadAsync(
                async () => await call.ResponseStream.MoveNext(cancellationToken).WaitAsync(timeout, time, cancellationToken)
                    ? call.ResponseStream.Current
                    : null,
                hop,
                restore);
            var content = await handler!.Content;
            if (!opened.RingAccepted)
            {
                ring?.Dispose();
                ring = null;
            }

            opened.RingAccepted = false;
            return new Downstream(hop, channel, call, content, new FrameWriter(await content.Body, edge, ring), ring, opened);
        }
        catch (Exception exception)
        {
            call?.Dispose();
            channel?.Dispose();
            ring?.Dispose();
            if (exception is OperationCanceledException && cancellationToken.IsCancellationRequested)
                throw;

            var cause = exception is TimeoutException
                ? new TimeoutException($"no answer to OpenRun within {timeout.TotalSeconds:0.#} s", exception)
                : exception;
            throw new StageException(cause.ToFailure(hop), cause);
        }
    }

    /// <summary>
    /// The time for each page of the answer: the whole at the first stage, less at each stage below. So of all that wait for a hop that is
    /// silent, the one above it gives up first, and names it.
    /// </summary>
    internal static TimeSpan HandshakeTimeoutAt(OpenRun open, TimeSpan whole) =>
        open.Path.Count == 0 ? whole : whole * (1 - (open.Path.Count - 1 - open.Route.Count) / (4.0 * open.Path.Count));

    /// <summary>What comes up from below, to the end of the call.</summary>
    /// <exception cref="StageException">The hop failed.</exception>
    public async IAsyncEnumerable<StageOutput> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await MoveNextAsync(cancellationToken))
        {
            var answer = _call.ResponseStream.Current;
            if (answer.RingReleased is { } released)
                _ring?.Release(released.Slots);
            else
                yield return answer;
        }
    }

    /// <summary>Says that there are no more frames.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        await Frames.FlushAsync(cancellationToken);
        _content.Complete();
    }

    public ValueTask DisposeAsync()
    {
        _call.Dispose();
        _content.Complete();
        Frames.Dispose();
        _ring?.Dispose();
        _channel.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> MoveNextAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _call.ResponseStream.MoveNext(cancellationToken);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new StageException(exception.ToFailure(Hop), exception);
        }
    }
}
