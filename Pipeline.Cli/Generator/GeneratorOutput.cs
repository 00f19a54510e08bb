using System.IO.Compression;
using Pipeline.Files;

namespace Pipeline.Cli.Generator;

/// <summary>A file of generated lines, which appears when it is whole.</summary>
internal static class GeneratorOutput
{
    private const string Role = "generated";
    private const string Extension = ".tmp";

    // Of Path.GetRandomFileName.
    private const int RandomNameLength = 12;

    private const string Taken = "it exists; name another file, or replace it with --overwrite";

    /// <summary>Generates into a file.</summary>
    /// <param name="options">What to generate.</param>
    /// <param name="path">The file; gzip where the name ends in .gz.</param>
    /// <param name="overwrite">Whether a file of that name may be replaced, at the end and in one step.</param>
    /// <param name="progress">Hears how many lines are written; may be null.</param>
    /// <param name="cancellationToken">Ends it; nothing is left behind.</param>
    /// <exception cref="IOException">It cannot be written; nothing is left behind.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Write(
        GeneratorOptions options, string path, bool overwrite, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        // Refuses names that mean something else than a file here: to Windows devices and alternate streams, to Linux those of /proc.
        var target = RootedPath.Resolve(Path.GetFullPath(path));
        if (Directory.Exists(target))
            throw new IOException($"{target} is a directory");

        if (FileStatus.DescribeSpecial(target) is { } kind)
            throw new IOException($"{target} is {kind}, and would be replaced by a file; name another one, or - for standard output");

        if (File.Exists(target) && !overwrite)
            throw new IOException(Taken);

        var folder = Path.GetDirectoryName(target)!;
        var prefix = $".{Path.GetFileName(target)}.";
        DeleteUnfinished(folder, prefix);
        var unfinished = Path.Combine(folder, prefix + Path.GetRandomFileName() + Extension);
        // Open until it has its name: what nobody has open is left by a process that has ended.
        using var file = Open(unfinished, FileMode.CreateNew);
        try
        {
            WriteTo(file, target, options, progress, cancellationToken);
            file.Flush(flushToDisk: true);
            if (overwrite)
                DurableFiles.Instance.Rename(unfinished, target, Role);
            else if (!DurableFiles.Instance.TryRename(unfinished, target, Role))
                throw new IOException(Taken);
            DurableFiles.Instance.FlushFolder(folder, Role);
        }
        catch
        {
            DurableFiles.Instance.Delete(unfinished, Role);
            throw;
        }
    }

    // The lock ends with its process. Windows would neither rename nor delete a file that is open and does not share that.
    private static FileStream Open(string path, FileMode mode) => new(
        path, mode, FileAccess.Write, OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None, bufferSize: 0);

    // What killed processes have left of a file of this name.
    private static void DeleteUnfinished(string folder, string prefix)
    {
        try
        {
            foreach (var left in Directory.EnumerateFiles(folder).Where(path => IsUnfinished(Path.GetFileName(path), prefix)))
                DeleteUnlessOpen(left);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The folder may not be listed, or is none, which is told when the file is to be written.
        }
    }

    private static bool IsUnfinished(string name, string prefix) =>
        name.Length == prefix.Length + RandomNameLength + Extension.Length
        && name.StartsWith(prefix, StringComparison.Ordinal)
        && name.EndsWith(Extension, StringComparison.Ordinal);

    private static void DeleteUnlessOpen(string path)
    {
        try
        {
            using var file = Open(path, FileMode.Open);
            // An empty one may have been made this moment, and not be locked yet.
            if (file.Length > 0)
                File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another process writes it, or has just given it its name, or it is another user's.
        }
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
