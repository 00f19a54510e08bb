using System.Runtime.Versioning;
using Pipeline.Cli;

namespace Pipeline.Tests.Cli;

public sealed class TemporaryFolderTests : FolderTests
{
    [UnixTheory]
    [InlineData(false)]
    [InlineData(true)]
    [UnsupportedOSPlatform("windows")]
    public void Made_BesideAFileOrNot_OnlyTheUserMayEnterItAndItGoes(bool besideAFile)
    {
        using var folder = besideAFile ? TemporaryFolder.Beside(InFolder("a")) : TemporaryFolder.OfUser();
        File.WriteAllText(Path.Combine(folder.Path, "file"), "");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.Path));
        folder.Dispose();

        Assert.False(Directory.Exists(folder.Path));
    }
}
