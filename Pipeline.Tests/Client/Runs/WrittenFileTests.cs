using System.Globalization;
using Pipeline.Client.Runs;
using Pipeline.Files;

namespace Pipeline.Tests.Client.Runs;

public sealed class WrittenFileTests : FolderTests
{
    [LinuxTheory]
    [InlineData("nowhere")]
    [InlineData("results")]
    public void Is_LinkThatLeadsNowhereOrInCirclesInItsPlace_IsFalse(string target)
    {
        var path = Write("results", "x");
        var written = WrittenFile.Read(path)!;
        Assert.True(written.Is(path));
        File.Delete(path);
        File.CreateSymbolicLink(path, InFolder(target));

        Assert.False(written.Is(path));
        Assert.Null(WrittenFile.Read(path));
    }

    // Each machine that mounts a network file system gives it another number.
    [Fact]
    public void Read_File_IsToldByItsNumberInTheVolumeAlone()
    {
        var path = Write("results", "x");

        Assert.Equal(FileStatus.Of(path)!.Value.Identity.File.ToString("x", CultureInfo.InvariantCulture), WrittenFile.Read(path)!.Identity);
    }
}
