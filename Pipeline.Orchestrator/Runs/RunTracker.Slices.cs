using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Orchestrator.Runs;

/// <summary>What is known of the slices of a partitioned run.</summary>
internal sealed partial class RunTracker
{
    // From the latest report of each slice; they are added up to those of the whole run.
    private readonly Dictionary<int, IReadOnlyList<StageFigures>> _sliceStages = [];
    private TimeSpan _slicesTook;

    // A partitioned run makes no attempts of its own but those of the merge.
    private bool IsMerging => Run.Slices.Count > 0;

    /// <summary>Pins the run to the implementations of a route: its slices keep to them. Durable before any of them begins.</summary>
    /// <returns>False: the run may no longer go this way.</returns>
    public bool TryPin(StageRoute route)
    {
        var isPinned = false;
        var pinned = Change(now =>
        {
            isPinned = route.Instances.All(RunPins.Of(now).Admit);
            return !isPinned ? now : now with
            {
                State = RunState.Running,
                WaitingFor = null,
                Implementations = RunPins.Overlay(now.Implementations, ImplementationsOf(route)),
                UpgradeAllowed = false,
            };
        });
        if (isPinned)
            save(pinned);
        return isPinned;
    }

    /// <summary>The input is split. Durable before any slice begins.</summary>
    public void Planned(PartitionPlan plan)
    {
        var planned = Change(now => now with
        {
            State = RunState.Running,
            WaitingFor = null,
            Skipped = plan.Skipped,
            Slices = now.Slices.Count == plan.Slices.Count
                ? now.Slices
                : [.. plan.Slices.Select(slice => SliceState.Of(slice, null, ""))],
        });
        save(planned);
        speed.Add(PointAt(planned.Progress.Lines));
        _savedAt = time.GetTimestamp();
    }

    /// <summary>Takes reports of slices, all that have come: the run is changed once for all of them.</summary>
    public void SlicesChanged(IReadOnlyDictionary<int, SliceReport> reports, PartitionPlan plan)
    {
        foreach (var (slice, report) in reports)
            _sliceStages[slice] = report.Run.Stages;
        var stages = StageFigures.SumByRole(_sliceStages.Values);
        var before = Run.Progress.Lines;
        Change(now => Counted(WithSlices(now, [.. now.Slices.Select(Updated)])) with { Stages = stages, Implementations = Taken(now) });
        // Slices tell their lines at their checkpoints: most reports come between two of them.
        if (Run.Progress.Lines != before)
            speed.Add(PointAt(Run.Progress.Lines));
        if (reports.Values.All(report => report.Run.State != RunState.Completed) && time.GetElapsedTime(_savedAt) < SaveInterval)
            return;
        trySave(Run);
        _savedAt = time.GetTimestamp();

        Run Counted(Run now) => now.Progress.Lines > _before.Progress.Lines ? now.AfterProgress() : now;

        IReadOnlyList<Implementation> Taken(Run now) => now.Options.AllowUpgrade
            ? [.. now.Implementations.Union(reports.Values.SelectMany(report => report.Run.Implementations))]
            : now.Implementations;

        SliceState Updated(SliceState former, int slice) =>
            reports.TryGetValue(slice, out var report) ? SliceState.Of(plan.Slices[slice], report.Run, report.Machine) : former;
    }

    /// <summary>All slices have completed.</summary>
    /// <param name="took">How long they took since the run was started or resumed.</param>
    public void SlicesCompleted(TimeSpan took)
    {
        _slicesTook = took;
        speed.Add(PointAt(Run.Progress.Lines), always: true);
    }

    private static Run WithSlices(Run run, IReadOnlyList<SliceState> slices)
    {
        var active = slices.Where(slice => slice.State is RunState.Running or RunState.Draining).ToList();
        var waiting = slices.FirstOrDefault(slice => slice is { State: RunState.Waiting, Trouble: not null });
        var bytes = slices.Sum(slice => slice.InputBytes);
        return run with
        {
            Slices = slices,
            State = run.State is RunState.Running or RunState.Waiting
                ? active.Count == 0 && waiting is not null ? RunState.Waiting : RunState.Running
                : run.State,
            WaitingFor = active.Count == 0 ? waiting?.Trouble : null,
            Counts = run.Counts with { Lines = slices.Sum(slice => slice.Lines) },
            // Slices that had completed before the run was started here report no more.
            ReplayedBatches = slices.Sum(slice => slice.ReplayedBatches),
            DiscardedFrames = slices.Sum(slice => slice.DiscardedFrames),
            Progress = new RunProgress
            {
                Lines = slices.Sum(slice => slice.Lines),
                Bytes = slices.Sum(slice => slice.Bytes),
                InputBytes = bytes,
                Fraction = bytes == 0 || slices.Any(slice => slice.Fraction is null)
                    ? null
                    : slices.Sum(slice => slice.Fraction * slice.InputBytes) / bytes,
            },
        };
    }
}
