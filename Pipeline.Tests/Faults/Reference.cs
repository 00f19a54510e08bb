using Pipeline.Client.Runs;

namespace Pipeline.Tests.Faults;

/// <summary>What an undisturbed run made of an input: what every disturbed one is held against.</summary>
/// <param name="Results">SHA-256 of the results.</param>
/// <param name="Rejects">SHA-256 of the rejects; empty where there are none.</param>
/// <param name="Counts">Its counts.</param>
/// <param name="Elapsed">How long it took, from its creation to its end.</param>
internal sealed record Reference(string Results, string Rejects, RunCounts Counts, TimeSpan Elapsed)
{
    /// <summary>Of a completed run.</summary>
    public static Reference Of(Run run) =>
        new(KnownBytes.Sum(run.Output), run.Rejects is { } rejects ? KnownBytes.Sum(rejects) : "", run.Counts, run.Ended!.Value - run.Created);

    /// <summary>Requires that a run is completed, came to the same bytes, counted every line once, and left nothing lying about.</summary>
    public void Check(Run run)
    {
        Assert.True(run.State == RunState.Completed, $"run {run.Id} is {run.State}: {run.Error?.Reason}: {run.Error?.Message}");
        var counts = run.Counts;
        Assert.Equal(counts.Lines, counts.Events + counts.WorkItems + counts.Filtered + counts.Rejected + counts.Blank);
        Assert.Equal(Counts, counts);
        Assert.Equal((Results, Rejects), (KnownBytes.Sum(run.Output), run.Rejects is { } rejects ? KnownBytes.Sum(rejects) : ""));
        var folder = Path.GetDirectoryName(run.Output)!;
        // By name: the rejects' path has links resolved, which macOS has on the way to its temporary folder.
        string[] expected = [run.Output, .. run.Rejects is { } path ? new[] { path } : []];
        Assert.Equal(expected.Select(Path.GetFileName).Order(), Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).Order());
    }
}
