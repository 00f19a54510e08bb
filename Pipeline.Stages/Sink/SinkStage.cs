using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Sink.Checkpoints;
using Pipeline.Stages.Sink.Output;

namespace Pipeline.Stages.Sink;

/// <summary>
/// The last stage, and the only durable store of a run: keeps output and checkpoints while the run goes on, and writes the finished
/// files at its end. See <see cref="StoredCheckpoint"/> for what lies on disk and why it survives.
/// </summary>
public sealed class SinkStage : ITransform
{
    private readonly StageContext _context;
    private readonly IDurableFiles _files;
    private SinkRun? _run;
    private Failure? _failure;
    private bool _anythingSinceCheckpoint;
    private long _groups;

    /// <summary>What its process serves.</summary>
    public static StageDefinition Definition { get; } = new(
        "sink", Accepts: [BatchKinds.Events, BatchKinds.WorkItems], Emits: [], context => new SinkStage(context));

    /// <summary>A stage for one attempt.</summary>
    /// <param name="context">What the attempt gives.</param>
    public SinkStage(StageContext context)
        : this(context, DurableFiles.Instance)
    {
    }

    internal SinkStage(StageContext context, IDurableFiles files) => (_context, _files) = (context, files);

    /// <inheritdoc/>
    public IEnumerable<Checkpoint> StoredPages => _run?.StoredPages ?? [];

    /// <inheritdoc/>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        var plan = OutputPlan.For(open, _context.Roots);
        try
        {
            _run = new SinkRun(_context, _files, plan, open);
        }
        catch (Exception failure) when (WriteFailures.Is(failure))
        {
            throw WriteFailures.ToStageException(failure);
        }

        return ValueTask.FromResult(new RunOpened { Resume = _run.IsMerge ? null : _run.Committed?.ToCheckpoint() });
    }

    /// <inheritdoc/>
    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        var run = _run ?? throw new InvalidOperationException("OpenAsync comes first.");
        using (frame)
        {
            try
            {
                // A failed flush must not be tried again: the kernel may have dropped what could not be written, and then calls it clean.
                if (_failure is not null)
                    throw new StageException(_failure);

                run.RequireNotFenced();
                Process(run, frame, cancellationToken);
            }
            catch (Exception failure) when (failure is StageException || WriteFailures.Is(failure))
            {
                var told = failure as StageException ?? WriteFailures.ToStageException(failure);
                _failure = told.Failure;
                _context.Meter.FramesDiscarded += told.Failure.Reason == FailureReasons.Fenced ? 1 : 0;
                if (told == failure)
                    throw;

                throw told;
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _run?.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Process(SinkRun run, Frame frame, CancellationToken cancellationToken)
    {
        var message = (frame as MessageFrame)?.Message;
        switch (message?.InputCase)
        {
            case StageInput.InputOneofCase.WorkItems when !run.IsMerge && !run.IsWithinCheckpoint:
                _anythingSinceCheckpoint = true;
                run.Take(message.WorkItems.Items);
                break;
            case StageInput.InputOneofCase.Checkpoint when !run.IsMerge:
                Take(run, message.Checkpoint);
                break;
            case StageInput.InputOneofCase.EndOfInput when IsAtCheckpoint:
                Answer(new StageOutput { RunCompleted = run.Complete(cancellationToken) }, "completion");
                break;
            case StageInput.InputOneofCase.Control when IsAtCheckpoint && message.Control.Action == ControlAction.Drain:
                Answer(new StageOutput { RunCompleted = run.Drain() }, "completion");
                break;
            case null when frame is EventFrame { Count: 0 } events && !run.IsMerge && !run.IsWithinCheckpoint:
                _anythingSinceCheckpoint = true;
                run.Take(events.Rejects);
                break;
            default:
                throw new StageException(
                    FailureReasons.ProtocolViolation,
                    $"{(frame is EventFrame ? "events" : frame is LineFrame ? "lines" : message?.InputCase.ToString() ?? "something else")} "
                    + "to the last stage, which takes work items, rejects and checkpoints, all pages of one together, and an end right after "
                    + "a checkpoint; where it merges partial results, the end alone");
        }
    }

    private bool IsAtCheckpoint => _run is { IsMerge: true } || _run is { Committed: not null, IsWithinCheckpoint: false } && !_anythingSinceCheckpoint;

    private void Take(SinkRun run, Checkpoint checkpoint)
    {
        var page = checkpoint.ToPage();
        _groups = (run.IsWithinCheckpoint ? _groups : 0) + page.Groups.Count;
        if (!run.Take(page))
            return;

        _context.Meter.GroupsIn = _groups;
        _anythingSinceCheckpoint = false;
        Answer(
            new StageOutput { CheckpointCommitted = new CheckpointCommitted { Id = checkpoint.Id, Position = checkpoint.Position } },
            "checkpoint");
    }

    private void Answer(StageOutput answer, string role)
    {
        CrashPoints.Before(role, "answer");
        _context.Answers.Answer(answer);
        CrashPoints.After(role, "answer");
    }
}
