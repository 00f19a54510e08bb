using System.Runtime.InteropServices;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Orchestrator.Runs;

/// <summary>Files that are either as before or as after, whenever the power goes: temp file, flush to disk, rename, flush of the directory.</summary>
internal static class DurableFile
{
    private const int ReadOnly = 0;

    /// <summary>Replaces <paramref name="path"/>, readable by this user only.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">All of its content.</param>
    /// <param name="role">Names its crash points.</param>
    /// <exception cref="IOException">It cannot be written; the former file stays.</exception>
    public static void Replace(string path, ReadOnlySpan<byte> bytes, string role)
    {
        var unfinished = path + ".tmp";
        CrashPoints.Before(role, "create");
        using (var file = new FileStream(unfinished, Options()))
        {
            CrashPoints.After(role, "create");
            CrashPoints.Before(role, "append");
            file.Write(bytes);
            CrashPoints.After(role, "append");
            CrashPoints.Before(role, "flush");
            file.Flush(flushToDisk: true);
            CrashPoints.After(role, "flush");
        }

        CrashPoints.Before(role, "rename");
        File.Move(unfinished, path, overwrite: true);
        CrashPoints.After(role, "rename");
        FlushDirectory(Path.GetDirectoryName(path)!, role);
    }

    /// <summary>Makes entries of a directory durable; where the system cannot, as on Windows, it does nothing.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="role">Names its crash points.</param>
    public static void FlushDirectory(string path, string role)
    {
        CrashPoints.Before(role, "folder_flush");
        FlushDirectory(path);
        CrashPoints.After(role, "folder_flush");
    }

    private static void FlushDirectory(string path)
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
