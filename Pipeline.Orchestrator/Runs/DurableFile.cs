using System.Runtime.InteropServices;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Files that are either as before or as after, whenever the power goes: temp file, flush to disk, rename, flush of the directory.</summary>
internal static class DurableFile
{
    private const int ReadOnly = 0;

    /// <summary>Replaces <paramref name="path"/>, readable by this user only.</summary>
    /// <exception cref="IOException">It cannot be written; the former file stays.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> bytes)
    {
        var unfinished = path + ".tmp";
        using (var file = new FileStream(unfinished, Options()))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
        FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Makes entries of a directory durable; where the system cannot, as on Windows, it does nothing.</summary>
    public static void FlushDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var directory = Open(path, ReadOnly);
        if (directory < 0)
            throw new IOException($"cannot open directory {path}: error {Marshal.GetLastPInvokeError()}");
        try
        {
            if (Flush(directory) < 0)
                throw new IOException($"cannot flush directory {path}: error {Marshal.GetLastPInvokeError()}");
        }
        finally
        {
            _ = Close(directory);
        }
    }

    private static FileStreamOptions Options()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return options;
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Flush(int descriptor);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);
}
