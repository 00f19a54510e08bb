using System.Runtime.InteropServices;

namespace Pipeline.Tests;

/// <summary>Named pipes (mkfifo(3)), which .NET does not make.</summary>
internal static partial class Fifo
{
    private const uint OwnerReadsAndWrites = 0x180;

    /// <summary>Makes one, not on Windows.</summary>
    public static void Create(string path) => Assert.Equal(0, Make(path, OwnerReadsAndWrites));

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Make(string path, uint mode);
}
