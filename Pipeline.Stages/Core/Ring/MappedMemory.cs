using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Pipeline.Stages.Core.Ring;

/// <summary>
/// A file mapped into memory (mmap(2), Linux), and behind it a page of zeros: a search for the end of something ends there,
/// whatever the other end of the mapping writes meanwhile. It stays mapped as long as it is held.
/// </summary>
/// <remarks>
/// Platform calls because .NET's memory-mapped files need a file with a name, which outlives a killed process, and have no such page.
/// </remarks>
internal sealed unsafe partial class MappedMemory : SafeHandle
{
    private const int Read = 1;
    private const int Write = 2;
    private const int Shared = 1;
    private const int Private = 2;
    private const int Fixed = 0x10;
    private const int Anonymous = 0x20;

    private readonly nuint _length;

    private MappedMemory(nint address, nuint length)
        : base(-1, ownsHandle: true)
    {
        SetHandle(address);
        _length = length;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>The first byte.</summary>
    public byte* Start => (byte*)handle;

    /// <summary>Maps a file for reading and writing.</summary>
    /// <param name="file">A file that cannot shrink.</param>
    /// <param name="bytes">Its length.</param>
    /// <exception cref="Win32Exception">The system has no memory, or no place in the address space.</exception>
    [SupportedOSPlatform("linux")]
    public static MappedMemory Map(SafeFileHandle file, long bytes)
    {
        var page = Environment.SystemPageSize;
        var pages = (nuint)((bytes + page - 1) / page * page);
        var zeros = Map(0, pages + (nuint)page, Read, Private | Anonymous, -1, 0);
        var memory = zeros == -1 ? throw new Win32Exception() : new MappedMemory(zeros, pages + (nuint)page);
        if (Map(zeros, (nuint)bytes, Read | Write, Shared | Fixed, (int)file.DangerousGetHandle(), 0) == -1)
        {
            var failure = new Win32Exception();
            memory.Dispose();
            throw failure;
        }

        return memory;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Unmap(handle, _length) == 0;

    [SupportedOSPlatform("linux")]
    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nuint length);
}

/// <summary>Linux's anonymous files in memory (memfd_create(2), fcntl(2)): they have no name, and are gone with the last process that holds them.</summary>
[SupportedOSPlatform("linux")]
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
        var handle = new SafeFileHandle(Create(name, CloseOnExec | AllowSealing), ownsHandle: true);
        if (handle.IsInvalid)
            return null;

        RandomAccess.SetLength(handle, length);
        if (Control(handle, AddSeals, FixedSize) == 0)
            return handle;

        handle.Dispose();
        return null;
    }

    /// <summary>True: the file cannot shrink, so that reading it where it is mapped cannot fail.</summary>
    public static bool IsFixedSize(SafeFileHandle handle) => Control(handle, GetSeals, 0) is >= 0 and var seals && (seals & FixedSize) == FixedSize;

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Create(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(SafeFileHandle handle, int command, int argument);
}
