using System.Globalization;
using Pipeline.Contracts;

namespace Pipeline.Orchestrator.Runs;

/// <summary>
/// Which machine of a cluster carries out a run: an empty file owner.N in the run's folder for each that has taken it over, created only
/// where there is none. Who finds a higher one than its own is the owner no more, whether it was cut off or suspended, and stores nothing.
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
            var number = Highest(folder) + 1;
            var path = Path.Join(folder, Prefix + number.ToString(CultureInfo.InvariantCulture));
            try
            {
                File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write).Dispose();
                return new OwnerClaim(folder, number);
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another machine was faster. It is taken over, too: the cluster has asked this one last.
            }
        }
    }

    /// <summary>Sees that no other machine has taken it over.</summary>
    /// <exception cref="StageException">fenced: one has.</exception>
    public void Require()
    {
        if (Highest(_folder) > _number)
            throw new StageException(FailureReasons.Fenced, "another machine of the cluster carries out this run now");
    }

    private static long Highest(string folder) => Directory.EnumerateFiles(folder, Prefix + "*")
        .Select(path => long.TryParse(Path.GetFileName(path.AsSpan())[Prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0)
        .DefaultIfEmpty()
        .Max();
}
