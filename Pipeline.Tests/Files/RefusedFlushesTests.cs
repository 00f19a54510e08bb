using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class RefusedFlushesTests
{
    [Fact]
    public void Add_TwoFileSystems_EachIsToldOnce()
    {
        var told = new List<string>();
        var refused = new RefusedFlushes(path => new FileIdentity(path.StartsWith("/a", StringComparison.Ordinal) ? 1UL : 2UL, 0), told.Add);

        refused.Add("/a/one");
        refused.Add("/a/two");
        refused.Add("/b");

        Assert.Equal(2, told.Count);
        Assert.Contains("'/a/one'", told[0], StringComparison.Ordinal);
        Assert.Contains("'/b'", told[1], StringComparison.Ordinal);
    }

    // /proc answers fsync of a folder with EINVAL.
    [LinuxFact]
    public void FlushFolder_FileSystemWithoutIt_IsToldAndNoFailure()
    {
        var told = new List<string>();
        var files = new DurableFiles { Refused = new RefusedFlushes(_ => null, told.Add) };

        files.FlushFolder("/proc", "test");
        files.FlushFolder(Path.GetTempPath(), "test");

        Assert.Contains("'/proc'", Assert.Single(told), StringComparison.Ordinal);
    }
}
