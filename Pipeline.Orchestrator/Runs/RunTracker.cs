using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Attempts;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Keeps what is known of a run: current for watchers, durable where a later orchestrator needs it.</summary>
/// <param name="run">The run.</param>
/// <param name="save">Makes it durable, or throws.</param>
/// <param name="trySave">Makes it durable if it can.</param>
/// <param name="speed">Takes how far it is.</param>
/// <param name="time">The clock.</param>
/// <remarks>Durable are the beginning and the end of every attempt; figures in between now and then, for a look at it after a crash.</remarks>
internal sealed partial class RunTracker(Observable<Run> run, Action<Run> save, Action<Run> trySave, SpeedSeries speed, TimeProvider time)
{
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<StageFigures> _figures = [];
    private StageRoute? _route;
    private IReadOnlyList<Implementation> _used = run.Current.Value.Implementations;
    private Run _before = run.Current.Value;
    private long _savedAt;
    private long _furthest;
    private long _resumedLines;

    /// <summary>As it is now.</summary>
    public Run Run => run.Current.Value;

    /// <summary>As it is now, and the news of the next change.</summary>
    public Observation<Run> Current => run.Current;

    /// <summary>
    /// True where the present attempt resumes from a later checkpoint than all before it. That a stage reports a commit does not count: the
    /// next attempt shows what is stored.
    /// </summary>
    public bool HasProgressed { get; private set; }

    /// <summary>It has its turn.</summary>
    public void Started(string? traceId) =>
        Change(now => now with { State = RunState.Waiting, WaitingFor = null, TraceId = traceId, Ended = null });

    /// <summary>What it waits for.</summary>
    public void WaitingFor(string what) => Change(now => now with { State = RunState.Waiting, WaitingFor = what });

    /// <summary>
    /// A new attempt begins; its number and its implementations are durable before any stage hears of it, so that no number is used twice
    /// and nothing is read by an implementation that is not known afterwards.
    /// </summary>
    /// <returns>Its number; null where the run may no longer go this way.</returns>
    public long? AttemptBegins(StageRoute route)
    {
        lock (_lock)
        {
            _route = route;
            _figures.Clear();
        }

        _before = Run;
        _resumedLines = 0;
        HasProgressed = false;
        var started = time.GetUtcNow();
        var implementations = ImplementationsOf(route);
        var begins = false;
        var next = Change(now =>
        {
            begins = route.Instances.All(RunPins.Of(now).Admit);
            return begins ? Begun(now) : now;
        });
        if (!begins)
            return null;
        _used = next.Implementations;
        save(next);
        _savedAt = time.GetTimestamp();
        return next.Attempts;

        Run Begun(Run now) => now with
        {
            State = RunState.Running,
            WaitingFor = null,
            Implementations = IsMerging && now.Options.AllowUpgrade
                ? [.. now.Implementations.Union(implementations)]
                : RunPins.Overlay(now.Implementations, implementations),
            UpgradeAllowed = false,
            Attempts = now.Attempts + 1,
            ElapsedMicros = 0,
            Stages = [],
            History =
            [
                .. now.History.TakeLast(Run.MaxHistory - 1),
                new AttemptRecord
                {
                    Attempt = now.Attempts + 1,
                    Started = started,
                    Route = [.. route.Instances.Select(instance => instance.InstanceId)],
                    // A merge tells what took over in slices, too.
                    TookOver = [.. TookOver(RunPins.Overlay(now.Implementations, implementations))],
                    Outcome = AttemptRecord.Running,
                },
            ],
        };
    }

    /// <summary>Returns when the run is no longer to go by this route, because another implementation replaces one of it.</summary>
    public async Task ReplacedAsync(StageRoute route, CancellationToken cancellationToken)
    {
        await foreach (var now in run.ReadAllAsync(cancellationToken))
        {
            if (!route.Instances.All(RunPins.Of(now).Match))
                return;
        }
    }

    /// <summary>The attempt is over.</summary>
    public void AttemptEnds(AttemptOutcome outcome)
    {
        switch (outcome)
        {
            case AttemptOutcome.Ended { Figures: var figures }:
                TakeFigures(figures);
                EndRecord(figures.Drained ? "drained" : "completed", null);
                break;
            case AttemptOutcome.Failed failed:
                EndRecord("failed", RunError.Of(failed.Failure));
                break;
        }

        save(Run);
    }

    /// <summary>The attempt was broken off.</summary>
    public void AttemptAbandoned() => EndRecord(AttemptRecord.Abandoned, null);

    /// <summary>The run comes to rest: first on disk, then for watchers, so that a resume right after it finds no writer.</summary>
    public void Ends(RunState state, RunError? error) => Ends(() => state, error);

    /// <summary>The run comes to rest as it was asked to; a request that comes while that is stored counts, too.</summary>
    public void Ends(StopSignal stop) => Ends(() => RunCoordinator.RestOf(stop), Run.Error);

    /// <summary>All stages are open.</summary>
    /// <param name="resume">The checkpoint that it goes on from; null at the beginning.</param>
    /// <param name="skipped">What lies in the input directory and is not read; null where there is nothing.</param>
    public void Opened(Checkpoint? resume, SkippedFiles? skipped)
    {
        if (IsMerging)
            return;
        Change(now => now with { Skipped = SkippedInput.Of(skipped) });
        if (resume?.Id > _furthest)
            (HasProgressed, _furthest) = (true, resume.Id);
        var resumed = resume?.OpenPosition();
        if (resumed is not null)
            Change(now => At(now, resume!.Id, resumed));
        _resumedLines = resumed?.TotalLines ?? 0;
        speed.Add(PointAt(_resumedLines));
    }

    /// <summary>A checkpoint is durable.</summary>
    public void Committed(CheckpointCommitted checkpoint)
    {
        if (checkpoint.OpenPosition() is not { } position)
            return;
        var committed = time.GetUtcNow();
        Change(now => At(now, checkpoint.Id, position).WithLastAttempt(record => record with
        {
            Checkpoint = checkpoint.Id,
            FirstCommit = record.FirstCommit ?? committed,
        }).AfterProgress());
    }

    /// <summary>Figures of a stage.</summary>
    public void Progressed(StageMetrics metrics)
    {
        Take(metrics);
        if (!IsMerging && metrics.InstanceId == _route?.First.InstanceId && metrics.Role == _route.First.Role)
            speed.Add(PointAt(_resumedLines + metrics.ItemsIn));
        Publish();
        if (time.GetElapsedTime(_savedAt) < SaveInterval)
            return;
        // A stall is not stored: if the orchestrator dies, the attempt that stalled is over.
        trySave(Run with { Stall = null });
        _savedAt = time.GetTimestamp();
    }

    /// <summary>The attempt stopped making progress, or makes progress again.</summary>
    /// <param name="stall">Null: it makes progress again.</param>
    public void Stalled(RunStall? stall) => Change(now => now with { Stall = stall });

    /// <summary>The attempt was asked to drain, because the run is to stop.</summary>
    public void Draining() => Change(now => now with { State = RunState.Draining });

    private void Ends(Func<RunState> state, RunError? error)
    {
        var now = time.GetUtcNow();
        RunState stored;
        do
        {
            stored = state();
            trySave(Rest(Run) with { Updated = now });
        }
        while (Change(former => state() == stored ? Rest(former) : former).State.IsActive());

        Run Rest(Run former) => former.AtRest() with { State = stored, Ended = now, Error = error };
    }

    private static IReadOnlyList<Implementation> ImplementationsOf(StageRoute route) => [.. route.Instances.Select(Implementation.Of).Distinct()];

    private IEnumerable<string> TookOver(IReadOnlyList<Implementation> implementations) =>
        from one in implementations
        let former = _used.Where(other => other.Role == one.Role).ToList()
        where former.Count > 0 && !former.Contains(one)
        select $"{one.Role}: {one} took over from {string.Join(", ", former)}";

    private SpeedPoint PointAt(long lines) =>
        new((long)(time.GetUtcNow() - Run.Created).TotalMilliseconds, lines, Run.Attempts, Run.Progress.Checkpoint);

    private static Run At(Run run, long checkpoint, Position position)
    {
        // An input file whose length is not told leaves what was known.
        var progress = RunProgress.Of(checkpoint, position, run.Slice);
        return run with
        {
            Progress = progress.InputBytes > 0 ? progress : progress with { InputBytes = run.Progress.InputBytes },
            Counts = run.Counts with { Lines = position.TotalLines, Blank = position.BlankLines },
        };
    }

    private void TakeFigures(RunCompleted completed)
    {
        foreach (var metrics in completed.Stages)
            Take(metrics);
        Publish();
        if (!IsMerging && completed.Stages.FirstOrDefault(stage => stage.InstanceId == _route?.First.InstanceId) is { } first)
            speed.Add(PointAt(_resumedLines + first.ItemsIn), always: true);
        IReadOnlyList<WrittenFile> written = completed.Drained
            ? []
            : [.. new[] { Run.Output, completed.Rejects }.Select(WrittenFile.Read).OfType<WrittenFile>()];
        Change(now => now with
        {
            Counts = completed.Counts is null ? now.Counts : RunCounts.Of(completed.Counts),
            Rejects = completed.Rejects.Length > 0 ? completed.Rejects : now.Rejects,
            Written = written,
            ElapsedMicros = completed.ElapsedMicros + (long)_slicesTook.TotalMicroseconds,
            Progress = completed.Drained ? now.Progress : now.Progress with { Fraction = 1 },
        });
    }

    private void Take(StageMetrics metrics)
    {
        lock (_lock)
        {
            var figures = StageFigures.Of(metrics);
            var known = _figures.FindIndex(other => other.InstanceId == figures.InstanceId && other.Role == figures.Role);
            if (known >= 0)
                _figures[known] = figures;
            else if (_figures.Count < 64)
                _figures.Add(figures);
            _figures.Sort((left, right) => PlaceOf(left).CompareTo(PlaceOf(right)));
        }
    }

    private int PlaceOf(StageFigures figures)
    {
        var place = _route?.Instances.ToList().FindIndex(instance => instance.InstanceId == figures.InstanceId) ?? -1;
        return place < 0 ? int.MaxValue : place;
    }

    private void Publish()
    {
        List<StageFigures> figures;
        lock (_lock)
            figures = [.. _figures];

        var replayed = figures.Sum(stage => stage.BatchesReplayed);
        var discarded = figures.Sum(stage => stage.FramesDiscarded);
        Change(now => now.WithLastAttempt(record => record with { ReplayedBatches = replayed, DiscardedFrames = discarded }) with
        {
            // A merge has figures of the last stage only: they are added to those of the slices.
            Stages = IsMerging ? StageFigures.SumByRole([.. _sliceStages.Values, figures]) : figures,
            ReplayedBatches = _before.ReplayedBatches + replayed,
            DiscardedFrames = _before.DiscardedFrames + discarded,
        });
    }

    private void EndRecord(string outcome, RunError? error)
    {
        var ended = time.GetUtcNow();
        Change(now => now.WithLastAttempt(record => record with { Ended = ended, Outcome = outcome, Error = error }) with { Error = error });
    }

    private Run Change(Func<Run, Run> change)
    {
        var updated = time.GetUtcNow();
        return run.Change(now => change(now) with { Updated = updated });
    }
}
