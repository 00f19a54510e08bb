using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class RootedPathTests : FolderTests
{
    [Fact]
    public void Resolve_DotsAfterALink_GoUpFromItsTarget()
    {
        Directory.CreateDirectory(Path.Join(Folder, "far", "away"));
        Directory.CreateDirectory(InFolder("near"));
        Directory.CreateSymbolicLink(Path.Join(Folder, "near", "link"), Path.Join(Folder, "far", "away"));

        Assert.Equal(Path.Join(Folder, "far", "x"), RootedPath.Resolve(Path.Join(Folder, "near", "link", "..", ".", "x")));
    }

    [UnixFact]
    public void MakeAbsolute_DotsAfterALink_GoUpFromItsTarget()
    {
        Directory.CreateDirectory(Path.Join(Folder, "far", "away"));
        Directory.CreateSymbolicLink(InFolder("link"), Path.Join(Folder, "far", "away"));

        Assert.Equal(Path.Join(Folder, "far", "x"), RootedPath.MakeAbsolute(Path.Join(Folder, "link", "..", "x")));
        Assert.Equal(Path.Join(Folder, "link", "x"), RootedPath.MakeAbsolute(Path.Join(Folder, "link", ".", "x")));
        Assert.Equal(Path.GetFullPath("x/"), RootedPath.MakeAbsolute("y/../x/"));
    }

    [UnixFact]
    public void MakeAbsolute_LoopOfLinks_IsLeftToBeRefused()
    {
        File.CreateSymbolicLink(InFolder("a"), "a");
        var path = Path.Join(Folder, "a", "..", "x");

        Assert.Equal(path, RootedPath.MakeAbsolute(path));
        Assert.Throws<IOException>(() => RootedPath.Resolve(path));
    }

    [Fact]
    public void Resolve_RelativeLinksAndLinksToLinks_AreFollowed()
    {
        Directory.CreateDirectory(InFolder("a"));
        File.CreateSymbolicLink(Path.Join(Folder, "a", "one"), "../two");
        File.CreateSymbolicLink(InFolder("two"), "three");

        Assert.Equal(InFolder("three"), RootedPath.Resolve(Path.Join(Folder, "a", "one")));
    }

    [Fact]
    public void RootsOf_DataDirectoryIsEmpty_HasTheDefaultOne() => Assert.Equal(
        [Environment.CurrentDirectory, Path.GetFullPath("data")], RootedPath.RootsOf(name => name == RootedPath.RootsVariable ? null : ""));

    [Fact]
    public void Require_LoopOfLinks_IsRefused()
    {
        File.CreateSymbolicLink(InFolder("a"), "b");
        File.CreateSymbolicLink(InFolder("b"), "a");

        var failure = Assert.Throws<StageException>(() => RootedPath.Require(InFolder("a"), [Folder], "input"));
        Assert.Equal(FailureReasons.InvalidOptions, failure.Failure.Reason);
    }

    [Theory]
    [InlineData("x.ndjson:s", "alternate stream")]
    [InlineData("x.ndjson.", "dot or a space")]
    [InlineData("x.ndjson ", "dot or a space")]
    [InlineData("nul", "device")]
    [InlineData("COM1.ndjson", "device")]
    [InlineData("CONOUT$", "device")]
    [InlineData("lpt\u00B9.ndjson", "device")]
    [InlineData("console.ndjson", null)]
    [InlineData("x.ndjson", null)]
    public void RefusalOnWindows_NamesThatMeanSomethingElse_AreRefused(string part, string? reason)
    {
        var refusal = RootedPath.RefusalOnWindows(part);

        Assert.Equal(reason is null, refusal is null);
        Assert.Contains(reason ?? "", refusal ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"\\.\NUL", true)]
    [InlineData(@"C:\", false)]
    [InlineData(@"\\server\share", false)]
    [InlineData(@"\\?\C:\", false)]
    public void RefusalOfRootOnWindows_RootOfDevices_IsRefused(string root, bool isRefused) =>
        Assert.Equal(isRefused, RootedPath.RefusalOfRootOnWindows(root) is not null);

    [UnixTheory]
    [InlineData("/dev/fd/63")]
    [InlineData("/dev/stdin")]
    [InlineData("/dev/stdout")]
    [InlineData("/proc/self/fd/1")]
    [InlineData("/proc/thread-self/environ")]
    [InlineData("/proc/1/fd/0")]
    [InlineData("/tmp/../proc/self/cwd/x")]
    [InlineData("/sys/kernel/notes")]
    public void Require_PathOfTheKernel_IsRefusedWithWhatToDo(string path)
    {
        var direct = Assert.Throws<StageException>(() => RootedPath.Require(path, ["/"], "input"));
        File.CreateSymbolicLink(InFolder("link"), path);
        var linked = Assert.Throws<StageException>(() => RootedPath.Require(InFolder("link"), ["/"], "input"));

        foreach (var failure in new[] { direct, linked })
        {
            Assert.Equal(FailureReasons.InvalidOptions, failure.Failure.Reason);
            Assert.EndsWith("is not the same file to every process; copy the data to a file, or name a file for it", failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Require_FolderOfTheProgram_IsRefusedWhateverTheRoots()
    {
        var failure = Assert.Throws<StageException>(() => RootedPath.Require(Path.Join(AppContext.BaseDirectory, "x.ndjson"), ["/"], "output"));

        Assert.Equal(FailureReasons.PathOutsideRoots, failure.Failure.Reason);
    }

    [Theory]
    [InlineData("/r/a", "/r", true)]
    [InlineData("/r", "/r", true)]
    [InlineData("/r", "/r/", true)]
    [InlineData("/ra", "/r", false)]
    [InlineData("/", "/r", false)]
    [InlineData("/r/a", "/", true)]
    public void IsUnder_PathAndFolder_ComparesWholeComponents(string path, string folder, bool expected) =>
        Assert.Equal(expected, SameFile.IsUnder(path, folder));

    [Fact]
    public void Require_LinkOrDotsOutOfTheRoots_IsRefused()
    {
        var inside = Directory.CreateDirectory(InFolder("inside")).FullName;
        File.CreateSymbolicLink(Path.Join(inside, "link"), "/etc/passwd");

        var failure = Assert.Throws<StageException>(() => RootedPath.Require(Path.Join(inside, "link"), [inside], "input"));
        Assert.Equal(FailureReasons.PathOutsideRoots, failure.Failure.Reason);
        Assert.Throws<StageException>(() => RootedPath.Require(Path.Join(inside, "..", "x"), [inside], "input"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("relative/path")]
    [InlineData("/nul\0byte")]
    public void Require_PathNotAbsoluteOrWithNul_IsRefused(string path)
    {
        var failure = Assert.Throws<StageException>(() => RootedPath.Require(path, ["/"], "input"));
        Assert.Equal(FailureReasons.InvalidOptions, failure.Failure.Reason);
    }

    [Fact]
    public void Require_RootIsALink_GivesThePathBelowItsTarget()
    {
        var real = Directory.CreateDirectory(InFolder("real")).FullName;
        Directory.CreateSymbolicLink(InFolder("root"), real);

        Assert.Equal(Path.Join(real, "x"), RootedPath.Require(Path.Join(Folder, "root", "x"), [InFolder("root")], "output"));
    }
}
