using System.Globalization;

namespace Pipeline.Files;

/// <summary>Files whose names are a prefix, a number and a suffix, such as those of the attempts of a run.</summary>
public static class NumberedFiles
{
    /// <summary>Those in a folder, in no order.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="prefix">What stands before the number.</param>
    /// <param name="suffix">What stands behind it.</param>
    /// <exception cref="IOException">The folder cannot be read.</exception>
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

    /// <summary>The greatest number in a folder; 0 where there is none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="prefix">What stands before the number.</param>
    /// <param name="suffix">What stands behind it.</param>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static long Highest(string folder, string prefix, string suffix = "") =>
        In(folder, prefix, suffix).Select(file => file.Number).DefaultIfEmpty().Max();

    /// <summary>Creates an empty file, of which there can be one of each number: of several processes one succeeds.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="prefix">What stands before the number.</param>
    /// <param name="number">The number.</param>
    /// <returns>False: there is one.</returns>
    /// <exception cref="IOException">It cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be created.</exception>
    public static bool TryCreate(string folder, string prefix, long number)
    {
        var path = Path.Join(folder, prefix + number.ToString(CultureInfo.InvariantCulture));
        try
        {
            File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }
}
