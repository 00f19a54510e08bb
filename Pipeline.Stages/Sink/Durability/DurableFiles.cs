using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Sink.Durability;

/// <summary>The real thing.</summary>
internal sealed partial class DurableFiles : IDurableFiles
{
    private const int InvalidArgument = 22;
    private const int NotSupported = 95;
    private const int CloseOnExecLinux = 0x80000;

    /// <summary>The only one.</summary>
    public static DurableFiles Instance { get; } = new();

    /// <inheritdoc/>
    public IDurableFile Create(string path, string role)
    {
        CrashPoints.Before(role, "create");

        // Shared, for .NET would take an exclusive lock otherwise, and one held by a process that hangs would shut out its successor.
        var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        CrashPoints.After(role, "create");
        return new DurableFile(handle, role);
    }

    /// <inheritdoc/>
    public void Rename(string from, string to, string role)
    {
        CrashPoints.Before(role, "rename");
        File.Move(from, to, overwrite: true);
        CrashPoints.After(role, "rename");
    }

    /// <inheritdoc/>
    public void Delete(string path, string role)
    {
        CrashPoints.Before(role, "delete");
        File.Delete(path);
        CrashPoints.After(role, "delete");
    }

    /// <inheritdoc/>
    public void FlushFolder(string path, string role)
    {
        CrashPoints.Before(role, "folder_flush");
        if (!OperatingSystem.IsWindows())
        {
            FlushFolder(path);
        }

        CrashPoints.After(role, "folder_flush");
    }

    /// <summary>.NET opens no folders; on Windows NTFS keeps its own journal of names.</summary>
    private static void FlushFolder(string path)
    {
        var folder = Open(path, OperatingSystem.IsLinux() ? CloseOnExecLinux : 0);
        if (folder < 0)
        {
            throw Error("opened");
        }

        try
        {
            // Some file systems know no flush of a folder and say so; there is nothing to be had from them then.
            if (Flush(folder) != 0 && Marshal.GetLastPInvokeError() is not InvalidArgument and not NotSupported)
            {
                throw Error("flushed");
            }
        }
        finally
        {
            _ = Close(folder);
        }

        IOException Error(string what)
        {
            var error = Marshal.GetLastPInvokeError();
            return new IOException($"Folder '{path}' cannot be {what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    private sealed class DurableFile(SafeFileHandle handle, string role) : IDurableFile
    {
        private long _length;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            CrashPoints.Before(role, "append");
            RandomAccess.Write(handle, bytes, _length);
            _length += bytes.Length;
            CrashPoints.After(role, "append");
        }

        public void Flush()
        {
            CrashPoints.Before(role, "flush");
            RandomAccess.FlushToDisk(handle);
            CrashPoints.After(role, "flush");
        }

        public void Dispose() => handle.Dispose();
    }
}
