using System.Runtime.InteropServices;

namespace Pipeline.Tests;

/// <summary>Second names of a file (link(2)), which .NET does not make.</summary>
internal static partial class HardLink
{
    /// <summary>Makes one, not on Windows.</summary>
    public static void Create(string path, string link) => Assert.Equal(0, Make(path, link));

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Make(string path, string link);
}
