using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Bridge.Programs;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Bridge;

/// <summary>
/// A stage whose work a program does that serves pipeline.v1.Transform. Batches go to it while earlier ones wait for their answers; what it has no
/// part in keeps its place among them. A frame after which nothing follows at once, such as a checkpoint, waits for all answers.
/// </summary>
internal sealed class BridgeStage(StageContext context, UserProgram program, IOptions<BridgeOptions> options) : ITransform
{
    // What has come and is not yet handed on, in order; asked: it waits for an answer.
    private readonly Queue<(Frame Frame, bool Asked)> _pending = new();
    private int _asked;
    private TransformCall? _call;
    private IReadOnlyList<string> _wanted = [];

    private TransformCall Call => _call ?? throw new InvalidOperationException("The stage was not opened.");

    /// <inheritdoc/>
    /// <exception cref="StageException">The program cannot do the run; invalid_options where it reads the lines of a slice.</exception>
    public async ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        _wanted = below?.Columns ?? throw new InvalidOperationException("A bridge cannot be the last stage.");
        _call = await program.OpenAsync(open, _wanted, cancellationToken);
        if (open.Options?.Slice is not null && _call.Opened.Reads.Contains(ColumnNames.Line))
            throw new StageException(FailureReasons.InvalidOptions, SlicedRuns.NoLines);

        var opened = new RunOpened { Resume = below.Resume };
        opened.Columns.AddRange(_call.Columns);
        // Whoever knows the lines may reject some, and rejects have offsets, too.
        if (opened.Columns.Contains(ColumnNames.Line) && !opened.Columns.Contains(ColumnNames.Offset))
            opened.Columns.Add(ColumnNames.Offset);
        return opened;
    }

    public async ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        var more = frame.More;
        var asked = frame is EventFrame { Count: > 0 } || (frame is MessageFrame { Message.WorkItems: not null } && Call.Opened.WorkItems);
        _pending.Enqueue((frame, asked));
        if (asked)
        {
            while (_asked == options.Value.MaxInFlight)
                await HandOnAsync(output, cancellationToken);

            await Call.AskAsync(frame, cancellationToken);
            _asked++;
        }

        while (_pending.TryPeek(out var first) && (!more || !first.Asked || Call.HasAnswer || _pending.Count > options.Value.MaxInFlight))
            await HandOnAsync(output, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var pending in _pending)
            pending.Frame.Dispose();

        if (_call is not null)
            await _call.DisposeAsync();
    }

    private async ValueTask HandOnAsync(IFrameOutput output, CancellationToken cancellationToken)
    {
        var (frame, asked) = _pending.Peek();
        if (asked)
        {
            using var question = frame;
            frame = Merge(question, await Call.AnswerAsync(cancellationToken));
            _asked--;
        }

        _pending.Dequeue();
        await (frame is EventFrame events ? output.WriteWithRejectsAsync(events, cancellationToken) : output.WriteAsync(frame, cancellationToken));
    }

    private Frame Merge(Frame asked, Frame answer)
    {
        switch (asked, answer)
        {
            case (EventFrame question, EventFrame events):
                Complete(question, events);
                break;
            case (MessageFrame { Message.WorkItems: { } question }, MessageFrame { Message.WorkItems: { } items }):
                if (!question.Items.Select(item => item.Line).SequenceEqual(items.Items.Select(item => item.Line)))
                    throw Call.Failed($"answered {question.Items.Count} work items with others, or in another order");

                (items.ReadMicros, items.More) = (question.ReadMicros, question.More);
                break;
            default:
                answer.Dispose();
                throw Call.Failed("answered a batch with one of another kind");
        }

        return answer;
    }

    // The question's figures and rejects are there; of its columns those of lines and offsets.
    private void Complete(EventFrame question, EventFrame answer)
    {
        var rejected = answer.Rejects.Count;
        var dropped = question.Count - answer.Count - rejected;
        var missing = answer.Count == 0 ? null : _wanted.FirstOrDefault(name => answer.Find(name) is null);
        if (dropped < 0 || missing is not null || !TryPlace(answer.Rejects, question))
        {
            answer.Dispose();
            throw Call.Failed(dropped < 0
                ? $"answered {question.Count} events with {answer.Count} events and {rejected} rejects"
                : missing is not null ? $"answered without the column '{missing}', which the stages below want"
                : "rejected events with lines that are not those of the batch (the column 'line' has them, where it asks for it), or not in order of line");
        }

        context.Meter.Filtered += dropped;
        context.Meter.Rejected += rejected;
        answer.Filtered = question.Filtered + dropped;
        answer.AddRejects(question.Rejects);
        (answer.File, answer.ReadMicros, answer.More) = (question.File, question.ReadMicros, question.More);
    }

    // File and offset by the line; false: a line is none of the batch, or they are not in its order.
    private static bool TryPlace(List<Reject> rejects, EventFrame question)
    {
        if (rejects.Count == 0 || question.Find(ColumnNames.Line) is null)
            return rejects.Count == 0;

        var (lines, offsets, row) = (question.Require(ColumnNames.Line), question.Require(ColumnNames.Offset), 0);
        foreach (var reject in rejects)
        {
            while (row < question.Count && lines.ReadNumber(row) < reject.Line)
                row++;

            if (row == question.Count || lines.ReadNumber(row) != reject.Line)
                return false;

            (reject.File, reject.Offset) = (question.File, offsets.ReadNumber(row++));
        }

        return true;
    }
}
