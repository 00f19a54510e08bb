using Google.Protobuf.Collections;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Sink.Checkpoints;
using Pipeline.Stages.Sink.Durability;
using Pipeline.Stages.Sink.Fencing;
using Pipeline.Stages.Sink.Lines;
using Pipeline.Stages.Sink.Output;

namespace Pipeline.Stages.Sink;

/// <summary>One attempt's hold on a run: claims it, takes its output, commits checkpoints, completes it.</summary>
internal sealed partial class SinkRun : IDisposable
{
    private readonly StageContext _context;
    private readonly ILogger _logger;
    private readonly IDurableFiles _files;
    private readonly OutputPlan _plan;
    private readonly long _attempt;
    private readonly bool _mayReplace;
    private readonly AttemptClaims _claims;
    private readonly OpenAttempt _open;
    private readonly CheckpointFolder _folder;
    private readonly IReadOnlyList<SegmentLengths> _earlier;
    private readonly Segment _results;
    private readonly Segment _rejects;
    private readonly long _openedMicros;
    private long _rejectedLines;
    private long _workItems;

    /// <summary>Claims the attempt and loads what is committed.</summary>
    public SinkRun(StageContext context, IDurableFiles files, OutputPlan plan, OpenRun open)
    {
        var attempt = open.Attempt;
        (_context, _logger, _files, _plan, _attempt) = (context, context.Logger, files, plan, attempt);
        _openedMicros = context.Time.GetMicros();
        plan.RequireFolders();
        _claims = new AttemptClaims(plan.WorkFolder, attempt);
        _mayReplace = open.Options.Overwrite;
        if (_claims.IsFirst && !_mayReplace)
        {
            plan.RequireFree(FinishedFile.None, FinishedFile.None);
        }

        _claims.Claim(files);
        _open = new OpenAttempt(plan.WorkFolder, attempt);
        _folder = new CheckpointFolder(plan.WorkFolder, context.Logger);
        try
        {
            plan.Prepare(files, attempt, open.RunId);
            Committed = _folder.Load(segmentsGone: CompletionNote.TryRead(plan.WorkFolder) is not null);
        }
        catch
        {
            _open.Dispose();
            throw;
        }

        Resume = Committed?.Join();
        _earlier = Committed?.Segments ?? [];
        _rejectedLines = Resume?.Counts.Rejected ?? 0;
        _workItems = Resume?.Counts.WorkItems ?? 0;
        _results = new Segment(files, _folder.ResultsSegment(attempt), "results_segment");
        _rejects = new Segment(files, _folder.RejectsSegment(attempt), "rejects_segment");
        LogOpened(attempt, Resume?.Id ?? 0, plan.WorkFolder);
    }

    /// <summary>Where the attempt began; null at the beginning.</summary>
    public Checkpoint? Resume { get; }

    /// <summary>The last committed checkpoint, of this attempt or an earlier one.</summary>
    public StoredCheckpoint? Committed { get; private set; }

    /// <summary>Sees that no later attempt is known in this process.</summary>
    public void RequireNotFenced()
    {
        if (_open.Newer is > 0 and var newer)
        {
            throw _claims.Fenced(newer);
        }
    }

    /// <summary>Adds work items to the output.</summary>
    public void Take(RepeatedField<WorkItem> items)
    {
        foreach (var item in items)
        {
            ResultLines.Write(_results, item);
            _results.WriteOut();
        }

        _workItems += items.Count;
    }

    /// <summary>Adds rejected lines.</summary>
    public void Take(List<Reject> rejects)
    {
        foreach (var reject in rejects)
        {
            ResultLines.Write(_rejects, reject);
            _rejects.WriteOut();
        }

        _rejectedLines += rejects.Count;
    }

    /// <summary>Makes everything so far durable, with the state that came with the checkpoint. When it returns, it is.</summary>
    public void Commit(Checkpoint[] pages)
    {
        var last = pages[^1];
        var position = last.Position ?? throw Violation($"Checkpoint {last.Id} has no position.");
        if (last.Id <= (Committed?.Pages[^1].Id ?? 0))
        {
            throw Violation($"Checkpoint {last.Id} comes after checkpoint {Committed!.Pages[^1].Id}.");
        }

        last.Counts ??= new Counts();
        (last.Counts.Lines, last.Counts.Blank) = (position.TotalLines, position.BlankLines);
        (last.Counts.Rejected, last.Counts.WorkItems) = (_rejectedLines, _workItems);
        RequireConserved(last);
        _results.Flush();
        _rejects.Flush();
        _claims.RequireNewest();
        SegmentLengths[] own = _results.Length + _rejects.Length == 0 ? [] : [new SegmentLengths(_attempt, _results.Length, _rejects.Length)];
        var checkpoint = new StoredCheckpoint(_attempt, [.. _earlier, .. own], pages);
        checkpoint.Write(_files, _folder.Checkpoint(_attempt));
        Committed = checkpoint;
        LogCommitted(last.Id, position.TotalLines);
    }

    /// <summary>Ends the attempt at its last checkpoint, to be continued.</summary>
    public RunCompleted Drain() => Result(drained: true);

    /// <summary>Brings the finished files into place.</summary>
    public RunCompleted Complete()
    {
        _claims.RequireNewest();
        if (CompletionNote.TryRead(_plan.WorkFolder) is { } note && note.Results.Fits(_plan.Results) && note.Rejects.Fits(_plan.Rejects))
        {
            // An earlier attempt got as far as this; only its answer was lost.
            ClearAway();
            LogCompletedBefore(_plan.Results);
            return note.Completed;
        }

        var groups = Committed!.Pages.SelectMany(page => page.Groups).ToList();
        var events = Committed.Pages[^1].Counts.Events;
        if (groups.Sum(group => group.Count) != events)
        {
            throw new StageException(FailureReasons.Internal, $"The groups hold {groups.Sum(group => group.Count)} events, but {events} were counted.");
        }

        var final = new FinalFiles(_files, _plan, _folder);
        var completed = Result(drained: false);
        try
        {
            var (results, rejects) = final.Assemble(Committed.Segments, groups);
            _claims.RequireNewest();
            final.Publish(results, rejects, _mayReplace);
            completed.Rejects = rejects == FinishedFile.None ? "" : _plan.Rejects;
            completed.ElapsedMicros = _context.Time.GetMicros() - _openedMicros;
            new CompletionNote(completed, results, rejects).Write(_files, _plan.WorkFolder, _attempt);
        }
        catch (Exception failure) when (WriteFailures.Is(failure))
        {
            TryDelete(final.Discard);
            throw;
        }

        ClearAway();
        LogCompleted(_plan.Results, completed.Counts.Lines);
        return completed;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _open.Dispose();
        _results.Dispose();
        _rejects.Dispose();
    }

    private RunCompleted Result(bool drained) => new()
    {
        Drained = drained,
        Counts = Committed!.Pages[^1].Counts.Clone(),
        Output = drained ? "" : _plan.Results,
        ElapsedMicros = _context.Time.GetMicros() - _openedMicros,
    };

    /// <summary>The finished files are durable and noted; what they were made of is no longer needed.</summary>
    private void ClearAway()
    {
        TryDelete(() =>
        {
            foreach (var path in _folder.AllSegments().Concat(_folder.CheckpointsBefore(Committed!.Attempt)).ToList())
            {
                _files.Delete(path, "leftover");
            }
        });
    }

    private void TryDelete(Action delete)
    {
        try
        {
            delete();
        }
        catch (Exception failure) when (WriteFailures.Is(failure))
        {
            LogLeftBehind(_plan.WorkFolder, failure);
        }
    }

    private static void RequireConserved(Checkpoint checkpoint)
    {
        var counts = checkpoint.Counts;
        if (counts.Lines != counts.Events + counts.WorkItems + counts.Filtered + counts.Rejected + counts.Blank)
        {
            throw new StageException(
                FailureReasons.Internal,
                $"Lines were lost or counted twice before checkpoint {checkpoint.Id}: {counts.Lines} lines, but {counts.Events} events + {counts.WorkItems} work items + "
                + $"{counts.Filtered} filtered + {counts.Rejected} rejected + {counts.Blank} blank. Nothing of this checkpoint was kept.");
        }
    }

    private static StageException Violation(string message) => new(FailureReasons.ProtocolViolation, message);
}
