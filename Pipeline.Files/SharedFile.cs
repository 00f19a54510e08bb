namespace Pipeline.Files;

/// <summary>
/// Reads files without keeping anyone from writing, replacing or deleting them meanwhile. File.OpenRead and its like would: on Windows the writer fails, and
/// a file that someone writes cannot be read.
/// </summary>
public static class SharedFile
{
    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static FileStream OpenRead(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Reads a small file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadAllBytes(string path)
    {
        using var file = OpenRead(path);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }
}
