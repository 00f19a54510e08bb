using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Files;

/// <summary>What kind of thing a path leads to.</summary>
public enum FileKind
{
    /// <summary>A regular file, or something that the system does not tell apart from one.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A named pipe.</summary>
    Fifo,

    /// <summary>A character or block device.</summary>
    Device,

    /// <summary>A Unix domain socket.</summary>
    Socket,
}

/// <summary>A file or folder, however its path is written: device and inode, on Windows volume and file id.</summary>
/// <param name="Volume">The file system.</param>
/// <param name="File">Its number there.</param>
public readonly record struct FileIdentity(ulong Volume, UInt128 File);

/// <summary>
/// What a path leads to, links followed. Platform calls because .NET has none for either: it tells a FIFO or a device apart from a file on
/// no system, and has no identity. Opening a FIFO would wait for a writer, renaming onto a device would replace it.
/// </summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Identity">Which one it is.</param>
public readonly partial record struct FileStatus(FileKind Kind, FileIdentity Identity)
{
    private const int TypeBits = 0xF000;

    /// <summary>Looks at a path.</summary>
    /// <returns>Null where nothing is there, or the system does not tell.</returns>
    public static FileStatus? Of(string path) =>
        OperatingSystem.IsWindows() ? Windows.Read(path)
        : OperatingSystem.IsMacOS() ? MacOS.Read(path)
        : OperatingSystem.IsLinux() ? Linux.Read(path)
        : null;

    /// <summary>The kind in words, such as "a FIFO", of what is neither a regular file nor a folder; null of those.</summary>
    public string? Special => Kind switch
    {
        FileKind.Fifo => "a FIFO",
        FileKind.Device => "a device",
        FileKind.Socket => "a socket",
        _ => null,
    };

    /// <summary>Reads macOS's struct stat with 64-bit inodes; see stat(2) and sys/stat.h there.</summary>
    internal static FileStatus OfMacOS(ReadOnlySpan<byte> status)
    {
        var device = BinaryPrimitives.ReadUInt32LittleEndian(status);
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(status[4..]);
        var inode = BinaryPrimitives.ReadUInt64LittleEndian(status[8..]);
        return new FileStatus(KindOf(mode), new FileIdentity(device, inode));
    }

    /// <summary>Reads Windows' FILE_ID_INFO: the serial number of the volume and 16 bytes of file id.</summary>
    internal static FileIdentity IdentityOfWindows(ReadOnlySpan<byte> info) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(info), BinaryPrimitives.ReadUInt128LittleEndian(info[8..]));

    private static FileKind KindOf(int mode) => (mode & TypeBits) switch
    {
        0x1000 => FileKind.Fifo,
        0x2000 or 0x6000 => FileKind.Device,
        0x4000 => FileKind.Folder,
        0xC000 => FileKind.Socket,
        _ => FileKind.File,
    };

    // struct statx has one layout on all architectures, unlike struct stat; see statx(2).
    [SupportedOSPlatform("linux")]
    private static partial class Linux
    {
        private const int CurrentDirectory = -100;
        private const uint TypeAndInode = 0x101;

        public static FileStatus? Read(string path)
        {
            Span<byte> status = stackalloc byte[256];
            try
            {
                if (Status(CurrentDirectory, path, 0, TypeAndInode, ref MemoryMarshal.GetReference(status)) != 0)
                    return null;
            }
            catch (EntryPointNotFoundException)
            {
                // A C library from before 2018.
                return null;
            }

            var mode = BinaryPrimitives.ReadUInt16LittleEndian(status[28..]);
            var inode = BinaryPrimitives.ReadUInt64LittleEndian(status[32..]);
            // Major and minor number, one after the other.
            var device = BinaryPrimitives.ReadUInt64LittleEndian(status[136..]);
            return new FileStatus(KindOf(mode), new FileIdentity(device, inode));
        }

        [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
        private static partial int Status(int folder, string path, int flags, uint mask, ref byte status);
    }

    // On x64 the call that gives 64-bit inodes has a symbol of its own.
    [SupportedOSPlatform("macos")]
    private static partial class MacOS
    {
        public static FileStatus? Read(string path)
        {
            Span<byte> status = stackalloc byte[256];
            ref var first = ref MemoryMarshal.GetReference(status);
            var isX64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
            return (isX64 ? StatusX64(path, ref first) : Status(path, ref first)) == 0 ? OfMacOS(status) : null;
        }

        [LibraryImport("libc", EntryPoint = "stat", StringMarshalling = StringMarshalling.Utf8)]
        private static partial int Status(string path, ref byte status);

        [LibraryImport("libc", EntryPoint = "stat$INODE64", StringMarshalling = StringMarshalling.Utf8)]
        private static partial int StatusX64(string path, ref byte status);
    }

    // A handle without access rights: it opens folders, too, and what others have open without sharing it. See GetFileInformationByHandleEx
    // and GetFileType.
    [SupportedOSPlatform("windows")]
    private static partial class Windows
    {
        private const uint ShareAll = 7;
        private const uint OpenExisting = 3;
        private const uint BackupSemantics = 0x02000000;
        private const uint DiskFile = 1;
        private const uint Pipe = 3;
        private const int FileIdInfo = 18;
        private const int FileIdInfoBytes = 24;

        public static FileStatus? Read(string path)
        {
            using var handle = Open(ExtendedPath.Of(Path.GetFullPath(path)), 0, ShareAll, 0, OpenExisting, BackupSemantics, 0);
            if (handle.IsInvalid)
                return null;

            var type = TypeOf(handle);
            if (type != DiskFile)
                return new FileStatus(type == Pipe ? FileKind.Fifo : FileKind.Device, default);

            Span<byte> info = stackalloc byte[FileIdInfoBytes];
            if (!ReadInfo(handle, FileIdInfo, ref MemoryMarshal.GetReference(info), FileIdInfoBytes))
                return null;

            return new FileStatus(Directory.Exists(path) ? FileKind.Folder : FileKind.File, IdentityOfWindows(info));
        }

        [LibraryImport("kernel32", EntryPoint = "CreateFileW", StringMarshalling = StringMarshalling.Utf16)]
        private static partial SafeFileHandle Open(
            string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

        [LibraryImport("kernel32", EntryPoint = "GetFileType")]
        private static partial uint TypeOf(SafeFileHandle handle);

        [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx")]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static partial bool ReadInfo(SafeFileHandle handle, int kind, ref byte info, uint bytes);
    }
}
