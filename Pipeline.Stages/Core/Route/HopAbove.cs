using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Route;

/// <summary>
/// Holds the hop above to pipeline/v1/stage.proto: what it sends is checked before the stage sees it. Each hop checks the one above it, so
/// a violation is found next to where it happens. Exceptions name no hop: <see cref="Violations.Name"/> does.
/// </summary>
/// <param name="accepts">Kinds of batch that the stage takes.</param>
/// <param name="merges">Whether the run only merges partial results: then there are neither batches nor checkpoints.</param>
internal sealed class HopAbove(IReadOnlyList<string> accepts, bool merges = false)
{
    // Asked of every message, which may hold one event: a search in a list of names was 4 % of the CPU time then.
    private readonly bool _takesLines = accepts.Contains(BatchKinds.Lines);
    private readonly bool _takesEvents = accepts.Contains(BatchKinds.Events);
    private readonly bool _takesWorkItems = accepts.Contains(BatchKinds.WorkItems);

    private long _checkpoint;
    private bool _isWithinCheckpoint;
    private bool _isAtCheckpoint;

    // Lines that are not blank, as they have come in one form or another.
    private long _accounted;

    // Events and filtered ones of the state in the last checkpoint: below Aggregate they come in there only.
    private long _inState;

    /// <summary>Lines of the input before the last checkpoint.</summary>
    public long Lines { get; private set; }

    /// <summary>Goes on from a committed checkpoint.</summary>
    public void Resume(Checkpoint? resume)
    {
        _checkpoint = resume?.Id ?? 0;
        var position = resume?.OpenPosition() ?? new Position();
        Lines = position.TotalLines;
        _accounted = position.TotalLines - position.BlankLines;
        _inState = InState(resume);
    }

    /// <summary>Checks a frame.</summary>
    /// <exception cref="StageException">protocol_violation, without a name.</exception>
    public void Check(Frame frame)
    {
        var message = (frame as MessageFrame)?.Message;
        if (_isWithinCheckpoint && message?.Checkpoint is null)
            throw ProtoReader.Violation($"{KindOf(frame)} between two pages of checkpoint {_checkpoint + 1}");

        if (merges && message is not { InputCase: StageInput.InputOneofCase.EndOfInput or StageInput.InputOneofCase.Control })
            throw ProtoReader.Violation($"{KindOf(frame)} in a run that merges partial results, where EndOfInput or Control is all that comes");

        switch (frame)
        {
            case LineFrame lines:
                Take(_takesLines, BatchKinds.Lines, lines.Count + lines.Rejects.Count);
                break;
            case EventFrame events:
                Take(_takesEvents, BatchKinds.Events, events.Count + events.Filtered + events.Rejects.Count);
                break;
            default:
                Check(message!);
                break;
        }
    }

    private void Check(StageInput message)
    {
        switch (message.InputCase)
        {
            case StageInput.InputOneofCase.WorkItems:
                Take(_takesWorkItems, BatchKinds.WorkItems, message.WorkItems.Items.Count);
                break;
            case StageInput.InputOneofCase.Checkpoint:
                Check(message.Checkpoint);
                break;
            case StageInput.InputOneofCase.EndOfInput or StageInput.InputOneofCase.Control when !_isAtCheckpoint && !merges:
                throw ProtoReader.Violation($"{message.InputCase} without a checkpoint right before it; the last one was {_checkpoint}");
            case StageInput.InputOneofCase.OpenRun:
                throw ProtoReader.Violation("a second OpenRun");
        }
    }

    private void Take(bool isAccepted, string kind, long lines)
    {
        if (!isAccepted)
            throw ProtoReader.Violation($"a batch of {kind}; this stage takes {string.Join(" and ", accepts)}");

        _accounted += lines;
        _isAtCheckpoint = false;
    }

    private void Check(Checkpoint checkpoint)
    {
        if (Violations.FindAltered(checkpoint) is { } altered)
            throw ProtoReader.Violation(altered);

        if (checkpoint.Id != _checkpoint + 1)
        {
            throw ProtoReader.Violation(
                $"checkpoint {checkpoint.Id} where {_checkpoint + 1} was to come: every checkpoint is handed on, once and in order");
        }

        _isWithinCheckpoint = checkpoint.More;
        if (checkpoint.More)
            return;

        var position = checkpoint.OpenPosition() ?? throw ProtoReader.Violation($"checkpoint {checkpoint.Id} without a position");
        var inState = checkpoint.State is null ? _inState : InState(checkpoint);
        _accounted += inState - _inState;
        var expected = position.TotalLines - position.BlankLines;
        if (expected != _accounted)
        {
            throw ProtoReader.Violation(
                $"checkpoint {checkpoint.Id} behind {expected} lines that are not blank, of which {_accounted} have come as events, work items, filtered or "
                + "rejected: what a stage leaves out, it tells in `filtered` of a batch before the checkpoint");
        }

        (_checkpoint, _inState, Lines, _isAtCheckpoint) = (checkpoint.Id, inState, position.TotalLines, true);
    }

    private static long InState(Checkpoint? checkpoint) => checkpoint?.OpenState()?.Counts is { } counts ? counts.Events + counts.Filtered : 0;

    private static string KindOf(Frame frame) => frame switch
    {
        LineFrame => "a batch of lines",
        EventFrame => "a batch of events",
        MessageFrame message => message.Message.InputCase.ToString(),
        _ => "something",
    };
}
