namespace Pipeline.Files;

/// <summary>A folder that one process at a time may use.</summary>
public static class ReservedFolder
{
    /// <summary>Makes the folder where there is none, and locks a file in it, which also shows that it can be written to.</summary>
    /// <param name="folder">Absolute.</param>
    /// <param name="lockName">Name of the file.</param>
    /// <returns>Holds the lock, which ends with this process at the latest, however it ends; null where another process has it.</returns>
    /// <exception cref="IOException">The folder cannot be used.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be used.</exception>
    public static FileStream? TryTake(string folder, string lockName)
    {
        RequireNoFile(folder);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, lockName);
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (IsHeld(exception.HResult))
        {
            return null;
        }
    }

    /// <summary>
    /// Whether an error means that another process has the lock: EWOULDBLOCK of Linux and macOS, ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION.
    /// </summary>
    internal static bool IsHeld(int error) => error is 11 or 35 or unchecked((int)0x80070020) or unchecked((int)0x80070021);

    // The system would only say that something of that name exists already.
    private static void RequireNoFile(string folder)
    {
        for (var at = folder; at is not null && !Directory.Exists(at); at = Path.GetDirectoryName(at))
        {
            if (File.Exists(at))
                throw new IOException($"'{at}' is {FileStatus.Of(at)?.Special ?? "a file"}, not a directory");
        }
    }
}
