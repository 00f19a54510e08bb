namespace Pipeline.Orchestrator.Cli;

/// <summary>A folder beside a file, on the same file system, that goes with this process; what a killed one has left goes with the next.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string LockName = ".lock";
    private const string Extension = ".tmp";

    private readonly FileStream _lock;

    private TemporaryFolder(string path, FileStream @lock) => (Path, _lock) = (path, @lock);

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Makes one; its name begins with a dot and the file's name.</summary>
    /// <exception cref="CliException">It cannot be made.</exception>
    public static TemporaryFolder Beside(string file)
    {
        var parent = System.IO.Path.GetDirectoryName(file)!;
        var prefix = $".{System.IO.Path.GetFileName(file)}.";
        try
        {
            if (!Directory.Exists(parent))
                throw new IOException($"there is no directory {parent}");
            foreach (var left in Directory.EnumerateDirectories(parent, $"{prefix}*{Extension}"))
                DeleteUnlessLocked(left);
            var path = System.IO.Path.Combine(parent, $"{prefix}{Environment.ProcessId}{Extension}");
            Directory.CreateDirectory(path);
            return new TemporaryFolder(path, Lock(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failed, $"{file} cannot be written: {error.Message}", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lock.Dispose();
        Directory.Delete(Path, recursive: true);
    }

    private static FileStream Lock(string path) =>
        new(System.IO.Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    // The lock goes with its process. A folder without one was made otherwise, or a moment ago, and stays.
    private static void DeleteUnlessLocked(string path)
    {
        if (!File.Exists(System.IO.Path.Combine(path, LockName)))
            return;
        try
        {
            Lock(path).Dispose();
        }
        catch (IOException)
        {
            // In use.
            return;
        }

        Directory.Delete(path, recursive: true);
    }
}
