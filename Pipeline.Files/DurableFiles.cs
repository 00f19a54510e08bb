using System.Collections.Concurrent;
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
    private const int InvalidArgument = 22;
    private const int AlreadyExists = 17;
    // Of a file system without hard links.
    private const int NotPermitted = 1;
    private const int FullFlush = 51;

    private static readonly int NotImplemented = OperatingSystem.IsMacOS() ? 78 : 38;

    // ENOTSUP and EOPNOTSUPP, which are two numbers on macOS.
    private static readonly int[] NotSupported = OperatingSystem.IsMacOS() ? [45, 102] : [95];

    /// <summary>Files with the mode that the system gives them.</summary>
    public static IDurableFiles Instance { get; } = CrashPoints.Around(new DurableFiles());

    /// <summary>Files that only this user reads.</summary>
    public static IDurableFiles Private { get; } = CrashPoints.Around(new DurableFiles(UnixFileMode.UserRead | UnixFileMode.UserWrite));

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
        {
            options.UnixCreateMode = mode;
        }

        return new DurableFile(new FileStream(path, options));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to, string role)
    {
        if (OperatingSystem.IsWindows())
        {
            Windows.Rename(from, to);
        }
        else
        {
            File.Move(from, to, overwrite: true);
        }
    }

    /// <inheritdoc/>
    public bool TryRename(string from, string to, string role)
    {
        // File.Move looks first, and may then replace what was created meanwhile; a link replaces nothing.
        if (!OperatingSystem.IsWindows() && Unix.TryLink(from, to) is { } isNew)
        {
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
            File.Delete(from);
            return false;
        }
    }

    /// <inheritdoc/>
    public void Delete(string path, string role)
    {
        if (OperatingSystem.IsWindows())
        {
            WindowsRetry.Run(() => File.Delete(path));
        }
        else
        {
            File.Delete(path);
        }
    }

    /// <inheritdoc/>
    public void FlushFolder(string path, string role)
    {
        if (!OperatingSystem.IsWindows() && !Unix.TryFlushFolder(path))
        {
            Refused.Add(path);
        }
    }

    /// <summary>Whether the error says that the file system cannot flush folders, which is no failure.</summary>
    internal static bool HasNoFolderFlush(int error) => error == InvalidArgument || NotSupported.Contains(error);

    [UnsupportedOSPlatform("windows")]
    private static partial class Unix
    {
        // O_CLOEXEC.
        private static readonly int ReadOnly = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

        // Null where the file system has no hard links.
        public static bool? TryLink(string from, string to)
        {
            if (Link(from, to) == 0)
            {
                return true;
            }

            return Marshal.GetLastPInvokeError() switch
            {
                AlreadyExists => false,
                var error when error == NotPermitted || error == NotImplemented || NotSupported.Contains(error) => null,
                var error => throw new IOException($"'{to}' cannot be created: {Marshal.GetPInvokeErrorMessage(error)}", error),
            };
        }

        // .NET opens no folders.
        public static bool TryFlushFolder(string path)
        {
            var folder = Open(path, ReadOnly);
            if (folder < 0)
            {
                throw Error("opened");
            }

            try
            {
                if (OperatingSystem.IsMacOS() && Control(folder, FullFlush) == 0)
                {
                    return true;
                }

                return Flush(folder) == 0 || (HasNoFolderFlush(Marshal.GetLastPInvokeError()) ? false : throw Error("flushed"));
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
        private const int ReplaceExistingAndWriteThrough = 0x1 | 0x8;
        private const int FacilityWin32 = unchecked((int)0x80070000);

        public static void Rename(string from, string to) => WindowsRetry.Run(() => TryRename(from, to));

        private static void TryRename(string from, string to)
        {
            if (!Move(Path.GetFullPath(from), Path.GetFullPath(to), ReplaceExistingAndWriteThrough))
            {
                var error = Marshal.GetLastPInvokeError();
                throw new IOException(
                    $"'{from}' cannot be renamed to '{to}': {Marshal.GetPInvokeErrorMessage(error)}", FacilityWin32 | error);
            }
        }

        [LibraryImport("kernel32", EntryPoint = "MoveFileExW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static partial bool Move(string from, string to, int flags);
    }
}

/// <summary>Tells once per process and file system that a file system has no flush of folders.</summary>
/// <param name="identityOf">What a path leads to.</param>
/// <param name="tell">Takes the message.</param>
internal sealed class RefusedFlushes(Func<string, FileIdentity?> identityOf, Action<string> tell)
{
    private readonly ConcurrentDictionary<ulong, bool> _told = new();

    /// <summary>The ones of this process, on standard error: services and commands have that in common.</summary>
    public static RefusedFlushes Shared { get; } = new(path => FileStatus.Of(path)?.Identity, message => Console.Error.WriteLine(message));

    /// <summary>A folder was not flushed.</summary>
    public void Add(string folder)
    {
        if (_told.TryAdd(identityOf(folder)?.Volume ?? 0, true))
        {
            tell($"warning: the file system of '{folder}' cannot flush folders: "
                + "after a loss of power, files that were new or renamed there may be as before");
        }
    }
}
