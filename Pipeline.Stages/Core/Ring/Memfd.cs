using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Stages.Core.Ring;

/// <summary>Linux's anonymous files in memory (memfd_create(2), fcntl(2)): they have no name, and are gone with the last process that holds them.</summary>
internal static partial class Memfd
{
    private const uint CloseOnExec = 1;
    private const uint AllowSealing = 2;
    private const int AddSeals = 1033;
    private const int GetSeals = 1034;

    // F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW
    private const int FixedSize = 0x1 | 0x2 | 0x4;

    /// <summary>A file of that size, sealed so that it stays so; null where the system has no such files.</summary>
    public static SafeFileHandle? Create(string name, long length)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var handle = new SafeFileHandle(Create(name, CloseOnExec | AllowSealing), ownsHandle: true);
        if (handle.IsInvalid)
        {
            return null;
        }

        RandomAccess.SetLength(handle, length);
        if (Control(handle, AddSeals, FixedSize) == 0)
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    /// <summary>True: nobody can shrink the file, so that reading it where it is mapped cannot fail.</summary>
    public static bool IsFixedSize(SafeFileHandle handle) => Control(handle, GetSeals, 0) is >= 0 and var seals && (seals & FixedSize) == FixedSize;

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Create(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeFileHandle handle, int command, int argument);
}
