using System.IO.Compression;

namespace Pipeline.Files;

/// <summary>The two files that a run writes.</summary>
/// <param name="Results">Where its results go.</param>
/// <param name="Rejects">Where the lines go that it rejected: NAME.rejects.EXTENSION beside the results.</param>
public readonly record struct OutputFiles(string Results, string Rejects)
{
    private const string Gzip = ".gz";

    private static readonly string[] OtherCompressions = [".zst", ".bz2", ".xz", ".lz4", ".br", ".zip", ".7z", ".lzma", ".z"];

    /// <summary>
    /// A gzip member without content (RFC 1952). GZipStream writes no bytes if none are written to it, and gunzip rejects an empty file.
    /// </summary>
    public static ReadOnlySpan<byte> EmptyGzip => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>The files of a run whose results go to this path.</summary>
    public static OutputFiles Of(string results)
    {
        var compression = IsCompressed(results) ? results[^Gzip.Length..] : "";
        var plain = results[..^compression.Length];
        var rejects = $"{Path.GetFileNameWithoutExtension(plain)}.rejects{Path.GetExtension(plain)}{compression}";
        return new OutputFiles(results, Path.Join(Path.GetDirectoryName(results), rejects));
    }

    /// <summary>Whether a file of this name is written and read as gzip.</summary>
    public static bool IsCompressed(string path) => path.EndsWith(Gzip, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads what was written under this name, and decompresses it where the name says so.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static StreamReader OpenText(string path)
    {
        var file = SharedFile.OpenRead(path);
        return new StreamReader(IsCompressed(path) ? new GZipStream(file, CompressionMode.Decompress) : file);
    }

    /// <summary>Whether the name promises a compression that is not supported.</summary>
    public static bool IsOtherwiseCompressed(string path) =>
        OtherCompressions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Both, with what they are called.</summary>
    public IEnumerable<(string Name, string Path)> Named => [("output", Results), ("rejects file", Rejects)];

    /// <summary>The error where a file stands at an output that the run may not replace.</summary>
    public static string Refusal(string name, string path) =>
        $"{name} '{path}' exists, and is not known as what an earlier run to this output has written; "
        + "name another output, or set overwrite to have it replaced.";

    /// <summary>Whether the results would be read as input, by the next run or by this one's next attempt.</summary>
    /// <param name="input">A file or directory; resolved, as the results are.</param>
    public bool AreInputOf(string input) =>
        Directory.Exists(input) && SameFile.IsUnder(Results, input) && InputNames.IsInput(Path.GetFileName(Results));

    /// <summary>Whether one of the files is one of another run's.</summary>
    public bool Overlaps(OutputFiles other) =>
        SameFile.Is(Results, other.Results) || SameFile.Is(Results, other.Rejects)
        || SameFile.Is(Rejects, other.Results) || SameFile.Is(Rejects, other.Rejects);
}

/// <summary>Where a file is to be written.</summary>
public static class OutputPath
{
    /// <summary>Why no file can be written there, as far as that can be seen without writing; null where nothing is found.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="withRejects">Whether the rejects of a run are written beside it.</param>
    /// <returns>A reason to be read after the option's name, such as "must be a file, not the directory /tmp".</returns>
    public static string? WhyNot(string path, bool withRejects)
    {
        if (OutputFiles.IsOtherwiseCompressed(path))
            return $"must end in .gz or in no other compression's extension, not {Path.GetExtension(path)}";
        if (Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
            return $"must lie in a directory that exists: {folder} is none, or may not be read";
        if (Directory.Exists(path))
            return $"must be a file, not the directory {path}";
        return withRejects && OutputFiles.Of(path).Rejects is var rejects && Directory.Exists(rejects)
            ? $"cannot have its rejects beside it: {rejects} is a directory"
            : null;
    }
}
