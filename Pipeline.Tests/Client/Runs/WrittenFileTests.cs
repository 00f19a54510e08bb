using Pipeline.Client.Runs;

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
}
