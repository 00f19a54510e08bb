using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Orchestrator.Runs;

/// <summary>
/// Who may write the state of a run of a cluster: an empty file owner.N in the run's folder for each time that a machine took the run over, resumed
/// or cancelled it. The creator of the highest one may, into a file of its own (<see cref="RunStore.Save(string, Client.Runs.Run, long)"/>): a machine that was
/// cut off or suspended writes at most a file that nobody reads.
/// </summary>
internal sealed class OwnerClaim
{
    private const string Prefix = "owner.";
    private readonly string _folder;

    private OwnerClaim(string folder, long number) => (_folder, Number) = (folder, number);

    /// <summary>From 1.</summary>
    public long Number { get; }

    /// <summary>The highest number in a run's folder; 0 = nobody has claimed the run.</summary>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static long Highest(string folder) => NumberedFiles.Highest(folder, Prefix);

    /// <summary>Takes a run over.</summary>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static OwnerClaim Take(string folder)
    {
        while (true)
        {
            // Where another machine has taken the number, the next one.
            if (TryTake(folder, Highest(folder) + 1) is { } claim)
                return claim;
        }
    }

    /// <summary>Takes a run over, unless another machine has taken this number.</summary>
    /// <returns>Null: it has.</returns>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static OwnerClaim? TryTake(string folder, long number) =>
        NumberedFiles.TryCreate(folder, Prefix, number) ? new OwnerClaim(folder, number) : null;

    /// <summary>Checks that no other machine has claimed the run since.</summary>
    /// <exception cref="StageException">fenced: one has.</exception>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public void Require()
    {
        if (Highest(_folder) > Number)
            throw new StageException(FailureReasons.Fenced, "another machine of the cluster has taken this run over, resumed or cancelled it since");
    }
}
