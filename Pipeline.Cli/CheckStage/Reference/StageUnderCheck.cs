using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Ring;
using Pipeline.Stages.Core.Route;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Cli.CheckStage.Reference;

/// <summary>The stage that is checked, as one of the monolith's: frames go to it over the wire, as the stage runtime sends them.</summary>
/// <param name="target">The stage.</param>
/// <param name="rest">The stages below it.</param>
/// <param name="answers">Hears what comes up.</param>
/// <param name="limit">Longest time for its answer to OpenRun.</param>
/// <param name="time">The clock.</param>
internal sealed class StageUnderCheck(
    StageTarget target, RestOfChain rest, IAnswerOutput answers, TimeSpan limit, TimeProvider time) : ITransform
{
    private const int RingSlots = 8;
    private const int RingSlotBytes = 256 * 1024;

    private readonly CancellationTokenSource _ending = new();
    private Downstream? _call;
    private Task _relay = Task.CompletedTask;

    public async ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        rest.Opened = below ?? new RunOpened();
        var sent = new OpenRun
        {
            RunId = open.RunId,
            Attempt = open.Attempt,
            Options = open.Options,
            // As if it came from above: the first hop is the one that the call goes to.
            Route = { target.Self, rest.Hop },
            Path = { target.Above, target.Self, rest.Hop },
        };
        var ring = MappedRing.Create(RingSlots, RingSlotBytes) is { } memory ? new RingWriter(memory) : null;
        _call = await Downstream.OpenAsync(
            sent,
            [],
            ring,
            rest.Channels,
            new EdgeMeter(time),
            page => throw new StageException(FailureReasons.ProtocolViolation, $"a page of state in a new run: {page}"),
            limit, time, cancellationToken);
        _relay = RelayAsync(_call);
        return _call.Opened;
    }

    public async ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        var call = _call ?? throw new InvalidOperationException("The stage was not opened.");
        rest.Output ??= output;
        var (more, last) = (frame.More, frame is MessageFrame { Message.EndOfInput: not null });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        try
        {
            call.Frames.More = more;
            await call.Frames.WriteAsync(frame, ending.Token);
            if (last)
                await call.CompleteAsync(ending.Token);
            else if (!more)
                await call.Frames.FlushAsync(ending.Token);
        }
        catch (Exception exception) when (exception is DownstreamLostException || _ending.IsCancellationRequested)
        {
            await FailAsync(cancellationToken);
        }

        if (last)
            await _relay.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_call is not null)
            await _call.DisposeAsync();
        await _relay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    // The end of the call tells why it takes no more.
    private async Task FailAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _relay.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new StageException(FailureReasons.Unreachable, "the stage takes no more messages, and does not end the call");
        }

        throw new StageException(FailureReasons.ProtocolViolation, "the stage ended the call before it had got everything");
    }

    private async Task RelayAsync(Downstream call)
    {
        try
        {
            var completed = false;
            await foreach (var answer in call.ReadAllAsync(CancellationToken.None))
            {
                completed |= answer.RunCompleted is not null;
                answers.Answer(answer);
            }

            if (!completed)
                throw new StageException(FailureReasons.ProtocolViolation, "the call ended without RunCompleted");
        }
        catch
        {
            await _ending.CancelAsync();
            throw;
        }
    }
}
