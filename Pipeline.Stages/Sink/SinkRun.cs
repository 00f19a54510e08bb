using System.Buffers;
using Google.Protobuf;
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
using Pipeline.Stages.Sink.Partials;

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
    private readonly StoredCheckpoint? _resumed;
    private readonly Segment _results;
    private readonly Segment _rejects;
    private long _openedMicros;
    private SealedFile? _checkpoint;
    private long _committedBy;
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
            plan.RequireFree(FinishedFile.None, FinishedFile.None, context.Meter);

        _claims.Claim(files);
        _open = new OpenAttempt(plan.WorkFolder, attempt);
        _folder = new CheckpointFolder(plan.WorkFolder, context.Logger);
        try
        {
            foreach (var path in _folder.UnfinishedBefore(attempt).ToList())
                files.Delete(path, "leftover");

            plan.Prepare(files, attempt, open.RunId);
            var note = CompletionNote.TryRead(plan.WorkFolder);
            _resumed = note?.Last is null ? _folder.Load(segmentsGone: note is not null) : null;
            Committed = note?.Last ?? _resumed?.Last;
        }
        catch
        {
            _open.Dispose();
            throw;
        }

        _committedBy = _resumed?.Attempt ?? 0;
        Segments = _resumed?.Segments ?? [];
        _rejectedLines = Committed?.Counts.Rejected ?? 0;
        _workItems = Committed?.Counts.WorkItems ?? 0;
        _results = new Segment(files, _folder.ResultsSegment(attempt), "results_segment");
        _rejects = new Segment(files, _folder.RejectsSegment(attempt), "rejects_segment");
        LogOpened(attempt, Committed?.Id ?? 0, plan.WorkFolder);
    }

    /// <summary>The last committed checkpoint, of this attempt or an earlier one, without groups; null: there is none.</summary>
    public CheckpointPage? Committed { get; private set; }

    /// <summary>Whether the run merges partial results: it takes nothing from above, and has no checkpoints.</summary>
    public bool IsMerge => _plan.Partials.Count > 0;

    /// <summary>Whether a checkpoint has come in part.</summary>
    public bool IsWithinCheckpoint => _checkpoint is not null;

    /// <summary>The groups from which the attempt goes on. Its time counts from when they are handed up.</summary>
    public IEnumerable<Checkpoint> StoredPages
    {
        get
        {
            foreach (var page in _resumed?.Pages() ?? [])
                yield return new CheckpointPage { Id = page.Id, Groups = { page.Groups } }.ToCheckpoint();

            _openedMicros = _context.Time.GetMicros();
        }
    }

    // What of the output belongs to the last committed checkpoint.
    private IReadOnlyList<SegmentLengths> Segments { get; set; }

    /// <summary>Sees that no later attempt is known in this process.</summary>
    public void RequireNotFenced()
    {
        if (_open.Newer is > 0 and var newer)
            throw _claims.Fenced(newer);
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

    /// <summary>Takes a page of a checkpoint. With the last one everything so far is made durable: when it returns, it is.</summary>
    /// <returns>Whether the checkpoint is committed.</returns>
    public bool Take(CheckpointPage page)
    {
        _checkpoint ??= BeginCheckpoint();
        if (!page.More)
            Complete(page);

        StoredCheckpoint.Write(_checkpoint, page);
        if (page.More)
            return false;

        _claims.RequireNewest();
        _checkpoint.Seal();
        _checkpoint.Dispose();
        _checkpoint = null;
        Segments = SegmentsNow();
        page.Groups.Clear();
        if (_committedBy != _attempt && _resumed is not null)
            TryDelete(_folder.CheckpointsUpTo(_resumed.Attempt - 1));

        (Committed, _committedBy) = (page, _attempt);
        LogCommitted(page.Id, page.Position.TotalLines);
        return true;
    }

    /// <summary>Ends the attempt at its last checkpoint, to be continued.</summary>
    public RunCompleted Drain() => Result(drained: true);

    /// <summary>Brings the finished files into place.</summary>
    /// <param name="cancellationToken">Ends a merge early.</param>
    public RunCompleted Complete(CancellationToken cancellationToken)
    {
        _claims.RequireNewest();
        if (CompletionNote.TryRead(_plan.WorkFolder) is { } note)
        {
            if (!note.Results.Fits(_plan.Results, _context.Meter) || !note.Rejects.Fits(_plan.Rejects, _context.Meter))
            {
                throw new StageException(
                    FailureReasons.CheckpointCorrupt, $"'{_plan.Results}' or its rejects file was complete, and has changed since. Start a new run.");
            }

            // An earlier attempt got as far as this; only its answer was lost.
            ClearAway();
            LogCompletedBefore(_plan.Results);
            return note.Completed;
        }

        var final = new FinalFiles(_files, _plan, _context.Meter);
        RunCompleted completed;
        try
        {
            using var merge = IsMerge ? new PartialMerge(_plan.Partials, _context.Roots, _context.Meter, cancellationToken) : null;
            using var groups = merge is null ? SortGroups() : null;
            if (merge is not null)
            {
                Committed = merge.Total;
                RequireConserved(Committed);
            }

            completed = Result(drained: false);
            var content = merge?.Content(_plan.WithMin, _plan.WithMax) ?? ContentWith(groups!);
            var (results, rejects) = final.Assemble(content, merge is null ? CancellationToken.None : cancellationToken);
            _claims.RequireNewest();
            final.Publish(results, rejects, _mayReplace);
            completed.Rejects = rejects == FinishedFile.None ? "" : _plan.Rejects;
            completed.ElapsedMicros = _context.Time.GetMicros() - _openedMicros;
            new CompletionNote(completed, results, rejects, Committed).Write(_files, _plan.WorkFolder, _attempt);
        }
        catch (Exception failure) when (failure is StageException or OperationCanceledException || WriteFailures.Is(failure))
        {
            TryDelete(final.Discard);
            throw;
        }

        ClearAway();
        LogCompleted(_plan.Results, completed.Counts.Lines);
        return completed;
    }

    public void Dispose()
    {
        _open.Dispose();
        _results.Dispose();
        _rejects.Dispose();
        _checkpoint?.Dispose();
        _resumed?.Dispose();
    }

    private SealedFile BeginCheckpoint()
    {
        _results.Flush();
        _rejects.Flush();
        return StoredCheckpoint.Create(_files, _folder.Checkpoint(_attempt), _attempt, SegmentsNow());
    }

    private IReadOnlyList<SegmentLengths> SegmentsNow()
    {
        var earlier = _resumed?.Segments ?? [];
        return _results.Length + _rejects.Length == 0 ? earlier : [.. earlier, new SegmentLengths(_attempt, _results.Length, _rejects.Length)];
    }

    private void Complete(CheckpointPage last)
    {
        if (last.Id <= (Committed?.Id ?? 0))
            throw Violation($"checkpoint {last.Id} after checkpoint {Committed!.Id}");

        var position = last.Position ?? throw Violation($"checkpoint {last.Id} without a position");
        last.Counts ??= new Counts();
        (last.Counts.Lines, last.Counts.Blank) = (position.TotalLines, position.BlankLines);
        (last.Counts.Rejected, last.Counts.WorkItems) = (_rejectedLines, _workItems);
        RequireConserved(last);
    }

    /// <summary>The groups of the last committed checkpoint.</summary>
    private GroupSort SortGroups()
    {
        var path = _folder.Checkpoint(_attempt);
        using var own = _committedBy == _attempt ? StoredCheckpoint.TryOpen(path, _context.Meter) ?? throw Damaged(path) : null;
        Action<IBufferWriter<byte>, Group> write = _plan.IsPartial
            ? (output, group) => group.WriteTo(output)
            : (output, group) => ResultLines.Write(output, group, _plan.WithMin, _plan.WithMax);
        var groups = new GroupSort(_folder.Groups(_attempt), write);
        try
        {
            var events = 0L;
            foreach (var group in (own ?? _resumed)!.Pages(_context.Meter).SelectMany(page => page.Groups))
            {
                groups.Add(group);
                events += group.Count;
            }

            return events == Committed!.Counts.Events
                ? groups
                : throw new StageException(FailureReasons.Internal, $"The groups hold {events} events, but {Committed.Counts.Events} were counted.");
        }
        catch
        {
            groups.Dispose();
            throw;
        }
    }

    /// <summary>The output up to the last committed checkpoint, with its groups.</summary>
    private FinalContent ContentWith(GroupSort groups)
    {
        var sorted = groups.Sorted();
        return new FinalContent(
            Segments.Select(segment => new Piece(_folder.ResultsSegment(segment.Attempt), segment.Results)),
            [.. Segments.Select(segment => new Piece(_folder.RejectsSegment(segment.Attempt), segment.Rejects))],
            _plan.IsPartial ? PartialFile.Write(sorted, Segments.Sum(segment => segment.Results)) : sorted.Select(entry => entry.Content));
    }

    private RunCompleted Result(bool drained) => new()
    {
        Drained = drained,
        Counts = Committed?.Counts.Clone() ?? new Counts(),
        Output = drained ? "" : _plan.Results,
        ElapsedMicros = _context.Time.GetMicros() - _openedMicros,
    };

    /// <summary>The finished files are durable and noted; what they were made of is no longer needed.</summary>
    private void ClearAway() =>
        TryDelete(_folder.AllSegments().Concat(_folder.CheckpointsUpTo(_attempt)).Concat(_folder.UnfinishedBefore(_attempt)));

    private void TryDelete(IEnumerable<string> paths) => TryDelete(() =>
    {
        foreach (var path in paths.ToList())
            _files.Delete(path, "leftover");
    });

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

    private static void RequireConserved(CheckpointPage checkpoint)
    {
        var counts = checkpoint.Counts;
        if (counts.Lines != counts.Events + counts.WorkItems + counts.Filtered + counts.Rejected + counts.Blank)
        {
            throw new StageException(
                FailureReasons.Internal,
                $"Lines were lost or counted twice before checkpoint {checkpoint.Id}: {counts.Lines} lines, but {counts.Events} events + "
                + $"{counts.WorkItems} work items + {counts.Filtered} filtered + {counts.Rejected} rejected + {counts.Blank} blank. "
                + "Nothing of this checkpoint was kept.");
        }
    }

    private static StageException Damaged(string path) =>
        new(FailureReasons.CheckpointCorrupt, $"Checkpoint '{path}' was committed, and is damaged now. Start a new run.");

    private static StageException Violation(string message) => new(FailureReasons.ProtocolViolation, message);
}
