using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Stages.Sink.Fencing;

/// <summary>
/// Which attempts there have been at a run: an empty file claim.N in the run's folder for each, created only where there is none.
/// An attempt that finds a higher claim than its own is over, whether it knows it or not: a process that was stopped and
/// wakes up finds it before it commits anything. Until then it writes only to files of its own attempt.
/// </summary>
internal sealed class AttemptClaims(string folder, long attempt)
{
    private const string Prefix = "claim.";

    /// <summary>Whether no attempt has begun yet.</summary>
    public bool IsFirst => !NumberedFiles.In(folder, Prefix).Any();

    /// <summary>Claims the attempt.</summary>
    /// <exception cref="StageException">It is not above all that there have been.</exception>
    public void Claim(IDurableFiles files)
    {
        RequireNewest();
        if (!NumberedFiles.TryCreate(folder, Prefix, attempt))
            throw Fenced(attempt);

        files.FlushFolder(folder, "claim");

        // Another one may have come in between; of the two only the higher one may go on.
        RequireNewest();
    }

    /// <summary>Sees that no later attempt has begun.</summary>
    /// <exception cref="StageException">One has.</exception>
    public void RequireNewest()
    {
        var newest = NumberedFiles.Highest(folder, Prefix);
        if (newest > attempt)
            throw Fenced(newest);
    }

    /// <summary>The failure of an attempt that is over.</summary>
    public StageException Fenced(long newest) =>
        new(FailureReasons.Fenced, $"Attempt {attempt} is over: attempt {newest} of this run has begun.");
}
