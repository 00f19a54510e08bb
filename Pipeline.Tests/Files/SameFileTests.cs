using Pipeline.Files;

namespace Pipeline.Tests.Files;

public sealed class SameFileTests : IDisposable
{
    private readonly string _folder = RootedPath.Resolve(Directory.CreateTempSubdirectory("same-").FullName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Is_LinksAndHardLinks_AreTheFileTheyLeadTo()
    {
        var file = In("real", "x.ndjson");
        Directory.CreateDirectory(In("real"));
        File.WriteAllText(file, "x");
        Directory.CreateSymbolicLink(In("alias"), In("real"));
        File.CreateSymbolicLink(In("link.ndjson"), file);
        File.WriteAllText(In("other.ndjson"), "x");

        Assert.True(SameFile.Is(file, In("alias", "x.ndjson")));
        Assert.True(SameFile.Is(file, In("link.ndjson")));
        Assert.False(SameFile.Is(file, In("other.ndjson")));
        Assert.False(SameFile.Is(file, In("missing.ndjson")));
    }

    [Fact]
    public void Is_MissingFiles_AreComparedByFolderAndName()
    {
        Directory.CreateDirectory(In("real"));
        Directory.CreateSymbolicLink(In("alias"), In("real"));

        Assert.True(SameFile.Is(In("real", "x", "y.ndjson"), In("alias", "x", "y.ndjson")));
        Assert.False(SameFile.Is(In("real", "y.ndjson"), In("y.ndjson")));
    }

    [Theory]
    [InlineData("/data/Events.ndjson", "/data/events.ndjson", true)]
    [InlineData("/Data/new.ndjson", "/data/NEW.ndjson", true)]
    [InlineData("/data/new.ndjson", "/data/old.ndjson", false)]
    [InlineData("/data/Events.ndjson", "/other/events.ndjson", false)]
    public void Is_FileSystemThatIgnoresCase_ComparesAsItDoes(string one, string other, bool expected)
    {
        // As a file system answers that holds /data/Events.ndjson and /other.
        var ids = new Dictionary<string, FileIdentity>(StringComparer.OrdinalIgnoreCase)
        {
            ["/"] = new(1, 1),
            ["/data"] = new(1, 2),
            ["/data/Events.ndjson"] = new(1, 3),
            ["/other"] = new(1, 4),
        };

        Assert.Equal(expected, SameFile.Is(one, other, IdentityOf, StringComparison.OrdinalIgnoreCase));
        Assert.Equal(
            one.StartsWith("/data", StringComparison.OrdinalIgnoreCase),
            SameFile.IsUnder(one, "/DATA", IdentityOf, StringComparison.OrdinalIgnoreCase));

        FileIdentity? IdentityOf(string path) => ids.TryGetValue(path, out var id) ? id : null;
    }

    [Fact]
    public void Is_SystemWithoutIdentities_ComparesTheText()
    {
        Assert.True(SameFile.Is("/a/b", "/a/b/", _ => null, StringComparison.Ordinal));
        Assert.False(SameFile.Is("/a/b", "/a/B", _ => null, StringComparison.Ordinal));
    }

    [LinuxFact]
    public void Of_FolderFileAndFifo_TellsKindAndIdentity()
    {
        File.WriteAllText(In("file"), "");
        Fifo.Create(In("fifo"));

        Assert.Equal(FileKind.Folder, FileStatus.Of(_folder)?.Kind);
        Assert.Equal(FileKind.File, FileStatus.Of(In("file"))?.Kind);
        Assert.Equal(FileKind.Fifo, FileStatus.Of(In("fifo"))?.Kind);
        Assert.Equal(FileKind.Device, FileStatus.Of("/dev/null")?.Kind);
        Assert.Null(FileStatus.Of(In("missing")));
        Assert.Equal(FileStatus.Of(_folder), FileStatus.Of(In(".")));
    }

    private string In(params string[] parts) => Path.Join([_folder, .. parts]);
}
