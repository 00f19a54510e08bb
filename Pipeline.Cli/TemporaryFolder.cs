using Pipeline.Files;

namespace Pipeline.Cli;

/// <summary>
/// A folder for the temporary files of a command. It is deleted with this object; what a killed process has left is deleted by the next.
/// </summary>
internal sealed class TemporaryFolder : IDisposable
{
    private const string LockName = ".pipeline-lock";
    private const string Extension = ".tmp";
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private const int MaxAttempts = 10;

    private readonly FileStream _lock;

    private TemporaryFolder(string path, FileStream @lock) => (Path, _lock) = (path, @lock);

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Makes one beside a file, on the same file system, named after the file.</summary>
    /// <exception cref="CliException">It cannot be made.</exception>
    public static TemporaryFolder Beside(string file)
    {
        try
        {
            var parent = System.IO.Path.GetDirectoryName(file)!;
            if (!Directory.Exists(parent))
                throw new IOException($"there is no directory {parent}");
            return In(parent, file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failed, $"{file} cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Makes one below the system's folder for temporary files, in a folder that only this user may enter.</summary>
    /// <exception cref="CliException">It cannot be made.</exception>
    public static TemporaryFolder OfUser() => OfUser(System.IO.Path.GetTempPath());

    /// <inheritdoc cref="OfUser()"/>
    internal static TemporaryFolder OfUser(string temporary)
    {
        var parent = System.IO.Path.Combine(temporary, $"pipeline-{Environment.UserName}");
        try
        {
            var folder = PrivateFile.CreateFolder(parent);
            if (!OperatingSystem.IsWindows() && (folder.UnixFileMode & Others) != 0)
                throw new IOException("other users may enter it");
            return In(parent, "run");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var variable = OperatingSystem.IsWindows() ? "TMP" : "TMPDIR";
            throw new CliException(ExitCodes.Failed, $"{parent} cannot be used: {error.Message}; set {variable} to another folder", error);
        }
    }

    public void Dispose() => Delete(Path, _lock);

    /// <summary>Makes one in a directory, and deletes those that killed processes have left there under the same name.</summary>
    /// <param name="parent">The directory.</param>
    /// <param name="file">What it is for: its name is part of the folder's.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static TemporaryFolder In(string parent, string file)
    {
        var prefix = $".{System.IO.Path.GetFileName(file)}.";
        // A directory that may be written, but not listed, keeps what was left.
        var all = Directory.EnumerateDirectories(parent, "*", new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = 0 });
        foreach (var left in all.Where(path => IsNamed(System.IO.Path.GetFileName(path), prefix)))
            DeleteUnlessUsed(left);
        for (var attempt = 1; ; attempt++)
        {
            // A process may have several.
            var path = System.IO.Path.Combine(parent, $"{prefix}{Random.Shared.NextInt64()}{Extension}");
            Directory.CreateDirectory(path);
            try
            {
                var @lock = Lock(path, FileMode.OpenOrCreate);
                if (Directory.Exists(path))
                    return new TemporaryFolder(path, @lock);
                @lock.Dispose();
                throw new IOException($"{path} was taken away");
            }
            catch (IOException) when (attempt < MaxAttempts)
            {
                // Another process took it for one that was left: a lock file is there a moment before it is locked.
            }
        }
    }

    private static bool IsNamed(string name, string prefix) =>
        name.Length > prefix.Length + Extension.Length
        && name.StartsWith(prefix, StringComparison.Ordinal)
        && name.EndsWith(Extension, StringComparison.Ordinal)
        && name.AsSpan()[prefix.Length..^Extension.Length].IndexOfAnyExceptInRange('0', '9') < 0;

    // The lock ends with its process. Windows would not delete the folder under a lock that does not share that.
    private static FileStream Lock(string path, FileMode mode)
    {
        var share = OperatingSystem.IsWindows() ? FileShare.Delete : FileShare.None;
        return new FileStream(System.IO.Path.Combine(path, LockName), mode, FileAccess.ReadWrite, share);
    }

    private static void DeleteUnlessUsed(string path)
    {
        try
        {
            Delete(path, Lock(path, FileMode.Open));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has no lock, or one that is held, or it is another user's: it is not ours to delete.
        }
    }

    // The lock is held until the folder is gone, so that no other process cleans it up at the same time.
    private static void Delete(string path, FileStream @lock)
    {
        using (@lock)
        {
            try
            {
                Directory.Delete(path, recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The next process tries again.
            }
        }
    }
}
