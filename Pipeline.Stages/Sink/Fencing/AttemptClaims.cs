using System.Globalization;
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
    public bool IsFirst => !Numbered.In(folder, Prefix).Any();

    /// <summary>Claims the attempt.</summary>
    /// <exception cref="StageException">It is not above all that there have been.</exception>
    public void Claim(IDurableFiles files)
    {
        RequireNewest();
        try
        {
            using var claim = File.OpenHandle(Path.Join(folder, Name), FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (IOException) when (File.Exists(Path.Join(folder, Name)))
        {
            throw Fenced(attempt);
        }

        files.FlushFolder(folder, "claim");

        // Another one may have come in between; of the two only the higher one may go on.
        RequireNewest();
    }

    /// <summary>Sees that no later attempt has begun.</summary>
    /// <exception cref="StageException">One has.</exception>
    public void RequireNewest()
    {
        var newest = Numbered.In(folder, Prefix).Select(file => file.Number).DefaultIfEmpty().Max();
        if (newest > attempt)
        {
            throw Fenced(newest);
        }
    }

    /// <summary>The failure of an attempt that is over.</summary>
    public StageException Fenced(long newest) =>
        new(FailureReasons.Fenced, $"Attempt {attempt} is over: attempt {newest} of this run has begun.");

    private string Name => Prefix + attempt.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Files named PREFIX then the number of an attempt then SUFFIX.</summary>
internal static class Numbered
{
    /// <summary>Those in a folder, in no order.</summary>
    public static IEnumerable<(string Path, long Number)> In(string folder, string prefix, string suffix = "")
    {
        foreach (var path in Directory.EnumerateFiles(folder))
        {
            var name = Path.GetFileName(path.AsSpan());
            if (name.Length > prefix.Length + suffix.Length
                && name.StartsWith(prefix, StringComparison.Ordinal)
                && name.EndsWith(suffix, StringComparison.Ordinal)
                && long.TryParse(name[prefix.Length..^suffix.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                yield return (path, number);
            }
        }
    }
}
