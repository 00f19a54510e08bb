namespace Pipeline.Files;

/// <summary>Which files are read as gzip.</summary>
public static class GzipInput
{
    /// <summary>Whether a file that begins so is gzip.</summary>
    public static bool HasMagic(ReadOnlySpan<byte> start) => start.StartsWith<byte>([0x1F, 0x8B]);

    /// <summary>Whether a file is read as gzip: by its first two bytes, or its name.</summary>
    /// <param name="path">The file, links resolved.</param>
    /// <param name="start">Its first two bytes; fewer where it has fewer.</param>
    public static bool Is(string path, ReadOnlySpan<byte> start) => HasMagic(start) || OutputFiles.IsCompressed(path);

    /// <summary>Whether a file is read as gzip; its first two bytes are read.</summary>
    /// <param name="path">The file, links resolved.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static bool Is(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Span<byte> start = stackalloc byte[2];
        return Is(path, start[..RandomAccess.Read(file, start, 0)]);
    }
}
