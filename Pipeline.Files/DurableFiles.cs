using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Pipeline.Files;

/// <summary>
/// Files that are either as before or as after, whenever the power goes: written beside, flushed, renamed, and the folder flushed.
/// </summary>
/// <remarks>
/// Platform calls because .NET opens no folders, makes no hard links, and its File.Move is not written through on Windows. On macOS only F_FULLFSYNC flushes
/// the drive's cache, too: .NET uses it for files, this class for folders; see fcntl(2) there. Windows has no flush of a folder; a rename
/// with write-through returns when it is on the disk: see MoveFileEx.
/// </remarks>
/// <param name="mode">Mode of new files; null = as the system has it. Not on Windows.</param>
public sealed partial class DurableFiles(UnixFileMode? mode = null) : IDurableFiles
{
    /// <summary>Files with the mode that the system gives them.</summary>
    public static IDurableFiles Instance { get; } = CrashPoints.Around(new DurableFiles());

    /// <summary>Files that only this user reads.</summary>
    public static IDurableFiles Private { get; } = CrashPoints.Around(new DurableFiles(PrivateFile.Mode));

    /// <summary>Tells of file systems that cannot flush folders.</summary>
    internal RefusedFlushes Refused { get; init; } = RefusedFlushes.Shared;

    /// <inheritdoc/>
    public IDurableFile Create(string path, string role)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            // .NET would take an exclusive lock otherwise, and one held by a process that hangs would shut out its successor.
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
        };
        if (mode is not null && !OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;

        return new DurableFile(new FileStream(path, options));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to, string role)
    {
        if (OperatingSystem.IsWindows())
            Windows.Rename(from, to, replace: true);
        else
            File.Move(from, to, overwrite: true);
    }

    /// <inheritdoc/>
    public bool TryRename(string from, string to, string role)
    {
        if (OperatingSystem.IsWindows())
            return Windows.Rename(from, to, replace: false);

        // File.Move looks first, and may then replace what was created meanwhile; a link replaces nothing.
        if (Unix.TryLink(from, to) is { } isNew)
        {
            if (isNew)
                File.Delete(from);

            return isNew;
        }

        try
        {
            File.Move(from, to);
            return true;
        }
        catch (IOException) when (File.Exists(to))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Delete(string path, string role) => WindowsRetry.Run(() =>
    {
        File.Delete(path);
        return true;
    });

    /// <inheritdoc/>
    public void FlushFolder(string path, string role)
    {
        if (!OperatingSystem.IsWindows() && !Unix.TryFlushFolder(path))
            Refused.Add(path);
    }

    [UnsupportedOSPlatform("windows")]
    private static partial class Unix
    {
        private const int FullFlush = 51;

        // O_CLOEXEC.
        private static readonly int ReadOnly = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

        // Null where the file system has no hard links.
        public static bool? TryLink(string from, string to)
        {
            if (Link(from, to) == 0)
                return true;

            return Marshal.GetLastPInvokeError() switch
            {
                UnixErrors.AlreadyExists => false,
                var error when UnixErrors.Current.HasNoLinks(error) => null,
                var error => throw new IOException($"'{to}' cannot be created: {Marshal.GetPInvokeErrorMessage(error)}", error),
            };
        }

        // .NET opens no folders.
        public static bool TryFlushFolder(string path)
        {
            var folder = Open(path, ReadOnly);
            if (folder < 0)
                throw Error("opened");

            try
            {
                if (!OperatingSystem.IsMacOS())
                    return IsDone(Flush(folder));

                if (IsDone(Control(folder, FullFlush)))
                    return true;

                // As far as such a file system goes: the drive's cache is not flushed.
                IsDone(Flush(folder));
                return false;
            }
            finally
            {
                _ = Close(folder);
            }

            bool IsDone(int result) =>
                result == 0 || (UnixErrors.Current.HasNoFolderFlush(Marshal.GetLastPInvokeError()) ? false : throw Error("flushed"));

            IOException Error(string what)
            {
                var error = Marshal.GetLastPInvokeError();
                return new IOException($"Folder '{path}' cannot be {what}: {Marshal.GetPInvokeErrorMessage(error)}", error);
            }
        }

        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int Open(string path, int flags);

        [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int Link(string from, string to);

        [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
        private static partial int Flush(int file);

        // Without an argument, which would have to be passed as those of a variadic function are.
        [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
        private static partial int Control(int file, int command);

        [LibraryImport("libc", EntryPoint = "close")]
        private static partial int Close(int file);
    }

    [SupportedOSPlatform("windows")]
    private static partial class Windows
    {
        private const int ReplaceExisting = 0x1;
        private const int WriteThrough = 0x8;
        private const int FileExists = 80;
        private const int AlreadyExists = 183;
        private const int FacilityWin32 = unchecked((int)0x80070000);

        // False: the new name is taken, and is not to be replaced.
        public static bool Rename(string from, string to, bool replace) => WindowsRetry.Run(() =>
        {
            var flags = replace ? ReplaceExisting | WriteThrough : WriteThrough;
            if (Move(ExtendedPath.Of(Path.GetFullPath(from)), ExtendedPath.Of(Path.GetFullPath(to)), flags))
                return true;

            var error = Marshal.GetLastPInvokeError();
            return !replace && error is FileExists or AlreadyExists
                ? false
                : throw new IOException(
                    $"'{from}' cannot be renamed to '{to}': {Marshal.GetPInvokeErrorMessage(error)}", FacilityWin32 | error);
        });

        [LibraryImport("kernel32", EntryPoint = "MoveFileExW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static partial bool Move(string from, string to, int flags);
    }
}
