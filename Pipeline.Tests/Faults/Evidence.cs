using System.Globalization;
using Pipeline.Client.Runs;

namespace Pipeline.Tests.Faults;

/// <summary>What shows that a fault did disturb something, by the product's own figures.</summary>
internal sealed class Evidence
{
    private readonly List<Run> _runs = [];

    /// <summary>Runs that took more than one attempt.</summary>
    public int Recovered => _runs.Count(run => run.Attempts > 1 || run.Slices.Any(slice => slice.Attempts > 1));

    /// <summary>Runs that read batches again.</summary>
    public int Replaying => _runs.Count(run => run.ReplayedBatches > 0);

    /// <summary>Runs that dropped frames.</summary>
    public int Discarding => _runs.Count(run => run.DiscardedFrames > 0);

    public long ReplayedBatches => _runs.Sum(run => run.ReplayedBatches);

    public long DiscardedFrames => _runs.Sum(run => run.DiscardedFrames);

    /// <summary>Whether work was done again, and whether frames of an attempt that was over came to nothing.</summary>
    public bool IsThere => ReplayedBatches > 0 && DiscardedFrames > 0;

    public void Add(Run run) => _runs.Add(run);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Recovered} of {_runs.Count} recovered, {ReplayedBatches} batches replayed in {Replaying}, {DiscardedFrames} frames discarded in {Discarding}");
}
