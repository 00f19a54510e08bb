using System.Runtime.CompilerServices;
using Grpc.Core;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Route;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>
/// One stage's part in one attempt at one run, from OpenRun to RunCompleted: opens the hop below, lets frames through the
/// stage, relays answers. Four loops run side by side (frames, answers from below, answers up, progress); the first that fails
/// ends all of them, and with them the calls above and below.
/// </summary>
/// <param name="host">What all attempts share.</param>
/// <param name="open">What the hop above asks for.</param>
/// <param name="trace">The trace context that it sent, for the hop below.</param>
/// <param name="reader">Its frames.</param>
/// <param name="metrics">Counts what passes.</param>
internal sealed class StageAttempt(StageHost host, OpenRun open, Metadata trace, FrameReader reader, AttemptMetrics metrics)
{
    /// <summary>How long it may take until the answer from below tells why it no longer takes frames, and until the last answer up is written.</summary>
    private static readonly TimeSpan CauseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Time after which those above are told that pages of state are taken, or that the stage opens: much less than they give each page.</summary>
    private static readonly TimeSpan PageInterval = TimeSpan.FromSeconds(1);

    /// <summary>How often they are told that it opens: as long as a bridge may give its program, ten minutes. A stage that hangs is then given up.</summary>
    private const int MaxOpeningTold = 600;

    private readonly AnswerQueue _answers = new(metrics.Snapshot);
    private readonly HopAbove _above = new(host.Accepts, merges: open.Options?.Partials.Count > 0);

    // Items that had come by the last checkpoint that has passed.
    private long _itemsBefore;

    /// <summary>Runs the attempt.</summary>
    /// <exception cref="StageException">It failed, here or below.</exception>
    public async Task RunAsync(IAsyncStreamWriter<StageOutput> up, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var stage = host.CreateStage(metrics.Stage, _answers);
        var told = host.Time.GetTimestamp();
        await using var downstream = open.Route.Count == 0
            ? null
            : await Downstream.OpenAsync(
                open, trace, host.CreateRing(), host.Channels, metrics.Edge, RestoreAsync,
                host.Options.HandshakeTimeout, host.Time, ending.Token);
        host.Memory.NoteLines(open.RunId, downstream?.Opened.LinesTaken ?? 0);
        var opened = await OpenAsync(stage, downstream, up, ending.Token);
        using var ring = host.AcceptRing(open.Ring, _answers, metrics.Edge);
        reader.Ring = ring;
        opened.RingAccepted = ring is not null;
        opened.LinesTaken = host.Memory.LinesOf(open.RunId);
        opened.Skipped ??= downstream?.Opened.Skipped;
        foreach (var page in RunOpenedPages.Of(stage.StoredPages, opened))
            await up.WriteAsync(new StageOutput { RunOpened = page }, CancellationToken.None);

        metrics.DiscardedBefore = host.Memory.TakeDiscarded(open.RunId);
        var pump = _answers.PumpAsync(up, ending.Token);
        var relay = downstream is null ? Task.CompletedTask : RelayAsync(downstream, stage as ISource, ending.Token);
        var frames = stage is ISource source
            ? new SourceLoop(source, reader, metrics.Edge).RunAsync(OutputTo(downstream), downstream, ending.Token)
            : TransformAsync((ITransform)stage, downstream, ending.Token);
        var progress = ReportAsync(ending.Token);
        Exception? failure = null;
        try
        {
            await foreach (var ended in Task.WhenEach(pump, relay, frames))
                await ended;
        }
        catch (DownstreamLostException lost) when (downstream is not null)
        {
            failure = await CauseAsync(relay, lost, downstream.Hop);
        }
        catch (Exception exception)
        {
            failure = exception;
        }

        await ending.CancelAsync();
        await Task.WhenAll(relay, frames, progress).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        host.Memory.NoteLines(open.RunId, _above.Lines + metrics.Edge.ItemsIn - _itemsBefore);
        // The pump alone may hang: on a caller that does not read.
        await pump.WaitAsync(CauseTimeout, host.Time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (failure is not null)
        {
            // The frame under way went nowhere either; a stage that refused it has counted it itself.
            metrics.Stage.FramesDiscarded += reader.DiscardPending() + (metrics.Stage.FramesDiscarded == 0 ? metrics.Edge.InFlight : 0);
            if (!pump.IsCompleted || cancellationToken.IsCancellationRequested || !await TellLastAsync(up))
                host.Memory.NoteDiscarded(open.RunId, metrics.Stage.FramesDiscarded);

            throw failure;
        }

        async ValueTask RestoreAsync(RunOpened page)
        {
            if (stage.Restore(open, page.Resume ?? new Checkpoint()))
            {
                if (host.Time.GetElapsedTime(told) < PageInterval)
                    return;

                // Those above wait for a page, too, and their time is not enough for all of a large state.
                page = new RunOpened { More = true };
            }

            told = host.Time.GetTimestamp();
            await up.WriteAsync(new StageOutput { RunOpened = page }, CancellationToken.None);
        }
    }

    private async ValueTask<RunOpened> OpenAsync(
        IStage stage, Downstream? downstream, IAsyncStreamWriter<StageOutput> up, CancellationToken cancellationToken)
    {
        Task<RunOpened>? opening = null;
        try
        {
            opening = stage.OpenAsync(open, downstream?.Opened, cancellationToken).AsTask();
            // The program of a bridge may take longer to start than those above wait for an answer.
            for (var told = 0; told < MaxOpeningTold && !opening.IsCompleted && !cancellationToken.IsCancellationRequested; told++)
            {
                if (await Task.WhenAny(opening, Task.Delay(PageInterval, host.Time, cancellationToken)) == opening)
                    break;

                await up.WriteAsync(new StageOutput { RunOpened = new RunOpened { More = true } }, CancellationToken.None);
            }

            var opened = await opening;
            _above.Resume(opened.Resume);
            return opened;
        }
        catch (StageException exception) when (downstream is not null)
        {
            // OpenRun has been checked: what cannot be decoded here is part of the checkpoint that came from below.
            throw Violations.NameAs(exception, downstream.Hop);
        }
        finally
        {
            // It must have ended before the stage is disposed, also where the hop above is gone.
            await ((Task?)opening ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The last figures go up before the failure does.</summary>
    /// <returns>False: the hop above is gone, or does not read.</returns>
    private async Task<bool> TellLastAsync(IAsyncStreamWriter<StageOutput> up)
    {
        _answers.Answer(new StageOutput { Progress = new Progress { Metrics = metrics.Snapshot() } });
        try
        {
            await _answers.WriteRestAsync(up).WaitAsync(CauseTimeout, host.Time);
            return true;
        }
        catch (Exception exception) when (
            exception is IOException or InvalidOperationException or OperationCanceledException or TimeoutException or RpcException)
        {
            return false;
        }
    }

    /// <summary>Frames from above through the stage to below, until the input ends.</summary>
    private async Task TransformAsync(ITransform stage, Downstream? downstream, CancellationToken cancellationToken)
    {
        var output = OutputTo(downstream);
        var more = false;
        while (true)
        {
            // What has come and is not begun when the attempt ends is dropped, and counted: there is no receiver any more for its results.
            while (!cancellationToken.IsCancellationRequested && reader.TryRead(out var frame))
            {
                more = frame.More;
                downstream?.Frames.More = more;
                var message = (frame as MessageFrame)?.Message;
                Check(frame);
                var began = message?.Checkpoint is null ? 0 : host.Time.GetTimestamp();
                await ProcessAsync(stage, frame, output, cancellationToken);
                if (message?.Checkpoint is { More: false })
                {
                    if (downstream is null)
                        host.Instruments.Committed(host.Time.GetElapsedTime(began));

                    metrics.Edge.CheckpointAt = metrics.Edge.Now;
                    _itemsBefore = metrics.Edge.ItemsIn;
                    // A stage that emits little would keep the checkpoint until its buffer is full: its input may never pause.
                    await output.FlushAsync(cancellationToken);
                }
                else if (message?.EndOfInput is not null || message?.Control is not null)
                {
                    await (downstream?.CompleteAsync(cancellationToken) ?? ValueTask.CompletedTask);
                    return;
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (!more)
                await output.FlushAsync(cancellationToken);

            metrics.Edge.BeginReceiving();
            var isThere = await reader.WaitAsync(cancellationToken);
            metrics.Edge.EndReceiving();
            if (!isThere)
                throw ProtoReader.Violation("no EndOfInput or Control before the end of its stream");
        }
    }

    // A refused frame has no other owner: it may hold a slot of the ring, and with it the ring's memory.
    private void Check(Frame frame)
    {
        try
        {
            _above.Check(frame);
        }
        catch (StageException)
        {
            frame.Dispose();
            throw;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ProcessAsync(ITransform stage, Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        var edge = metrics.Edge;
        var (began, waited) = (edge.Now, edge.WaitingToSend);
        edge.InFlight = 1;
        await stage.ProcessAsync(frame, output, cancellationToken);
        edge.InFlight = 0;
        edge.Processing += edge.Now - began - (edge.WaitingToSend - waited);
    }

    private async Task RelayAsync(Downstream downstream, ISource? source, CancellationToken cancellationToken)
    {
        await foreach (var answer in downstream.ReadAllAsync(cancellationToken))
        {
            if (answer.RunCompleted is not null && !downstream.Frames.Ended)
                throw Violations.By(downstream.Hop, "RunCompleted before it was sent EndOfInput or Control");

            if (answer.CheckpointCommitted is { } committed)
            {
                if (Violations.FindAltered(committed) is { } altered)
                    throw Violations.By(downstream.Hop, altered);

                source?.Committed(committed.Id);
            }

            _answers.Answer(answer);
            if (answer.RunCompleted is not null)
                return;
        }

        throw new StageException(new EndOfStreamException("the call ended without RunCompleted").ToFailure(downstream.Hop));
    }

    private async Task ReportAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(host.Options.ProgressInterval, host.Time);
        try
        {
            if (metrics.DiscardedBefore > 0)
            {
                // Told at once: if this attempt fails soon, they are lost.
                Record();
            }

            while (await timer.WaitForNextTickAsync(cancellationToken))
                Record();
        }
        finally
        {
            Record();
        }

        void Record() => _answers.Answer(new StageOutput { Progress = new Progress { Metrics = metrics.Snapshot() } });
    }

    private static IFrameOutput OutputTo(Downstream? downstream) => downstream is null ? NoOutput.Instance : downstream.Frames;

    /// <summary>The reason that the hop below gives for taking no more frames, if it gives one in time.</summary>
    private async Task<Exception> CauseAsync(Task relay, DownstreamLostException lost, Hop hop)
    {
        try
        {
            await relay.WaitAsync(CauseTimeout, host.Time);
        }
        catch (StageException cause)
        {
            return cause;
        }
        catch (Exception silent) when (silent is TimeoutException or RpcException or OperationCanceledException)
        {
            // It says nothing, or the hop above has given the attempt up meanwhile; what the write ended with is all there is.
        }

        return new StageException(lost.InnerException!.ToFailure(hop), lost);
    }
}
