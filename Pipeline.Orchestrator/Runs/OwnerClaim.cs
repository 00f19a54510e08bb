using System.Globalization;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Orchestrator.Runs;

/// <summary>
/// Which machine of a cluster carries out a run: an empty file owner.N in the run's folder for each that has taken it over, created only
/// where there is none. A machine that finds a higher number than its own, such as one
/// that was cut off or suspended, no longer owns the run, and stores nothing.
/// </summary>
internal sealed class OwnerClaim
{
    private const string Prefix = "owner.";
    private readonly string _folder;
    private readonly long _number;

    private OwnerClaim(string folder, long number) => (_folder, _number) = (folder, number);

    /// <summary>Takes a run over.</summary>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public static OwnerClaim Take(string folder)
    {
        while (true)
        {
            var number = NumberedFiles.Highest(folder, Prefix) + 1;
            var path = Path.Join(folder, Prefix + number.ToString(CultureInfo.InvariantCulture));
            try
            {
                File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write).Dispose();
                return new OwnerClaim(folder, number);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another machine was faster; the cluster has asked this one last, so it takes the run over from that one.
            }
        }
    }

    /// <summary>Checks that no other machine has taken the run over.</summary>
    /// <exception cref="StageException">fenced: one has.</exception>
    public void Require()
    {
        if (NumberedFiles.Highest(_folder, Prefix) > _number)
            throw new StageException(FailureReasons.Fenced, "another machine of the cluster carries out this run now");
    }
}
