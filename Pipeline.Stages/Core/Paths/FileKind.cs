using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Pipeline.Stages.Core.Paths;

/// <summary>What a path leads to. .NET does not tell a FIFO or a device from a file: opening one would wait for a writer, renaming onto one would replace it.</summary>
public static partial class FileKind
{
    private const int CurrentDirectory = -100;
    private const uint TypeWanted = 1;
    private const int ModeOffset = 28;
    private const int TypeBits = 0xF000;

    /// <summary>What is there, where it is neither a regular file nor a folder; links are followed.</summary>
    /// <param name="path">Any path.</param>
    /// <returns>Its kind in words, such as "a FIFO"; null for files and folders, where nothing is there, and where the system cannot tell.</returns>
    public static string? DescribeSpecial(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // struct statx has one layout on all architectures, unlike struct stat; stx_mode is at byte 28.
        Span<byte> status = stackalloc byte[256];
        try
        {
            if (Status(CurrentDirectory, path, 0, TypeWanted, ref MemoryMarshal.GetReference(status)) != 0)
            {
                return null;
            }
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }

        return (BinaryPrimitives.ReadUInt16LittleEndian(status[ModeOffset..]) & TypeBits) switch
        {
            0x1000 => "a FIFO",
            0x2000 or 0x6000 => "a device",
            0xC000 => "a socket",
            _ => null,
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(int folder, string path, int flags, uint mask, ref byte status);
}
