using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Partitions;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Orchestrator.Runs;

/// <summary>What is known of the slices of a partitioned run.</summary>
internal sealed partial class RunTracker
{
    // From the latest report of each slice; they are added up to those of the whole run.
    private readonly Dictionary<int, IReadOnlyList<StageFigures>> _sliceStages = [];

    // All implementations that the run has kept to since it started here, those that have been replaced among them.
    private readonly HashSet<Implementation> _pinned = [];
    private TimeSpan _slicesTook;
    private bool _isPinned;

    // A partitioned run makes no attempts of its own but those of the merge.
    private bool IsMerging => Run.Slices.Count > 0;

    /// <summary>
    /// Whether any number of slices may be worked on at once: since the run started here one of them has reported an attempt, with which all
    /// roles are pinned, or any implementation may be taken at any time.
    /// </summary>
    public bool MayOpenSlices => _isPinned || Run.Options.AllowUpgrade;

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
        _pinned.UnionWith(planned.Implementations.Concat(planned.Replaced));
        _savedAt = time.GetTimestamp();
    }

    /// <summary>Takes reports of slices, all that have come: the run is changed once for all of them.</summary>
    public void SlicesChanged(IReadOnlyDictionary<int, SliceReport> reports, PartitionPlan plan)
    {
        foreach (var (slice, report) in reports)
            _sliceStages[slice] = report.Run.Stages;
        var stages = StageFigures.SumByRole(_sliceStages.Values);
        var before = Run.Progress.Lines;
        Change(now => Counted(WithSlices(now, [.. now.Slices.Select(Updated)])) with { Stages = stages });
        // Slices tell their lines at their checkpoints: most reports come between two of them.
        if (Run.Progress.Lines != before)
            speed.Add(PointAt(Run.Progress.Lines));
        if (reports.Values.All(report => report.Run.State != RunState.Completed) && time.GetElapsedTime(_savedAt) < SaveInterval)
            return;
        trySave(Run);
        _savedAt = time.GetTimestamp();

        Run Counted(Run now) => now.Progress.Lines > _before.Progress.Lines ? now.AfterProgress() : now;

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

    /// <summary>
    /// A run keeps to the implementations that its first slice began with: results are the same bytes only if all slices are made by the same ones.
    /// Where it was resumed with others allowed, it keeps to those of the first attempt at a slice after that; where they are at any time, to all that
    /// took part.
    /// </summary>
    /// <returns>The failure of a slice that goes through others; null where it may.</returns>
    public Failure? FindOtherImplementation(int slice, Run sliceRun)
    {
        // Slices drain one after another when an implementation is replaced: the former one is allowed, too.
        _pinned.UnionWith(Run.Implementations);
        var others = sliceRun.Implementations.Where(one => !_pinned.Contains(one)).ToList();
        if (Run.Options.AllowUpgrade)
        {
            if (others.Count > 0)
                Pin(now => [.. now, .. others]);
            return null;
        }

        if (Run.UpgradeAllowed)
        {
            // Not yet where the slice waits for its next attempt, or had completed before the resume.
            if (!sliceRun.UpgradeAllowed && (sliceRun.State != RunState.Completed || others.Count > 0))
            {
                Pin(now => RunPins.Overlay(now, sliceRun.Implementations));
                _isPinned = true;
            }

            return null;
        }

        _isPinned |= sliceRun.Attempts > 0;
        if (sliceRun.Implementations.ExceptBy(Run.Implementations.Select(pin => pin.Role), one => one.Role).Any())
        {
            // A slice that goes through a replaced one drains.
            Pin(now => RunPins.Overlay(sliceRun.Implementations, now));
            return null;
        }

        return others.Count == 0 ? null : new Failure
        {
            Reason = FailureReasons.RouteUnfit,
            Message = $"slice {slice} goes through {Implementation.Describe(others)}, "
                + $"the slices before it through {Implementation.Describe(Run.Implementations)}: "
                + "install the same versions on all machines, or allow it with --allow-upgrade",
        };

        // Stored at once: they may be replaced before the next report.
        void Pin(Func<IReadOnlyList<Implementation>, IReadOnlyList<Implementation>> pins)
        {
            _pinned.UnionWith(sliceRun.Implementations);
            save(Change(now => now with { Implementations = pins(now.Implementations), UpgradeAllowed = false }));
        }
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
