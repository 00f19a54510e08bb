namespace Pipeline.Files;

/// <summary>Files and folders that only their owner may read; on Windows those that may read the folder that they are in.</summary>
public static class PrivateFile
{
    /// <summary>Mode of such a file.</summary>
    public const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a folder, and those above it, where there is none; one that is there keeps its mode.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be made.</exception>
    public static DirectoryInfo CreateFolder(string path) =>
        OperatingSystem.IsWindows() ? Directory.CreateDirectory(path) : Directory.CreateDirectory(path, Mode | UnixFileMode.UserExecute);

    /// <summary>Opens a file to write it; others may read along where they have the right to.</summary>
    /// <param name="path">The file. One that is there keeps its mode.</param>
    /// <param name="mode">Whether it may be there.</param>
    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static FileStream OpenWrite(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Mode;
        return new FileStream(path, options);
    }
}
