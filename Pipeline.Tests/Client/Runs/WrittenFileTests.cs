using Pipeline.Client.Runs;

namespace Pipeline.Tests.Client.Runs;

public sealed class WrittenFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("written-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [LinuxTheory]
    [InlineData("nowhere")]
    [InlineData("results")]
    public void Is_LinkThatLeadsNowhereOrInCirclesInItsPlace_IsFalse(string target)
    {
        var path = Path.Combine(_folder, "results");
        File.WriteAllText(path, "x");
        var written = WrittenFile.Read(path)!;
        Assert.True(written.Is(path));
        File.Delete(path);
        File.CreateSymbolicLink(path, Path.Combine(_folder, target));

        Assert.False(written.Is(path));
        Assert.Null(WrittenFile.Read(path));
    }
}
