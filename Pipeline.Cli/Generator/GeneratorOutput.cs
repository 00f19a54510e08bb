using System.IO.Compression;
using Pipeline.Files;

namespace Pipeline.Cli.Generator;

/// <summary>A file of generated lines, which appears when it is whole.</summary>
internal static class GeneratorOutput
{
    private const string Role = "generated";
    private const string Taken = "it exists; name another file, or replace it with --overwrite";

    /// <summary>Generates into a file.</summary>
    /// <param name="options">What to generate.</param>
    /// <param name="path">The file; gzip where the name ends in .gz.</param>
    /// <param name="overwrite">Whether a file of that name may be replaced, at the end and in one step.</param>
    /// <param name="progress">Hears how many lines are written; may be null.</param>
    /// <param name="cancellationToken">Ends it; nothing is left behind.</param>
    /// <exception cref="IOException">It cannot be written; nothing is left behind.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    /// <exception cref="CliException">Nothing can be written beside it.</exception>
    public static void Write(
        GeneratorOptions options, string path, bool overwrite, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        // Refuses names that mean something else than a file here: to Windows devices and alternate streams, to Linux those of /proc.
        var target = RootedPath.Resolve(Path.GetFullPath(path));
        if (Directory.Exists(target))
            throw new IOException($"{target} is a directory");

        if (FileStatus.Of(target)?.Special is { } kind)
            throw new IOException($"{target} is {kind}, and would be replaced by a file; name another one, or - for standard output");

        if (File.Exists(target) && !overwrite)
            throw new IOException(Taken);

        var folder = Path.GetDirectoryName(target)!;
        // On the same file system, so that the file appears in one step.
        using var unfinished = TemporaryFolder.Beside(target);
        var whole = Path.Combine(unfinished.Path, Path.GetFileName(target));
        using (var file = new FileStream(whole, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            WriteTo(file, target, options, progress, cancellationToken);
            file.Flush(flushToDisk: true);
        }

        if (overwrite)
            DurableFiles.Instance.Rename(whole, target, Role);
        else if (!DurableFiles.Instance.TryRename(whole, target, Role))
            throw new IOException(Taken);
        DurableFiles.Instance.FlushFolder(folder, Role);
    }

    private static void WriteTo(FileStream file, string target, GeneratorOptions options, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        if (!OutputFiles.IsCompressed(target))
        {
            LineGenerator.Write(options, file, progress, cancellationToken);
            return;
        }

        using (var zipped = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
            LineGenerator.Write(options, zipped, progress, cancellationToken);
        if (file.Length == 0)
            file.Write(OutputFiles.EmptyGzip);
    }
}
