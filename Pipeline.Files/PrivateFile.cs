namespace Pipeline.Files;

/// <summary>Files that only their owner may read; on Windows those that may read their folder.</summary>
public static class PrivateFile
{
    /// <summary>Mode of such a file.</summary>
    public const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

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
