using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.JSInterop;
using Pipeline.Orchestrator.Runs;
using Pipeline.Orchestrator.Web;
using Pipeline.Orchestrator.Web.Views;
using Pipeline.Tests.Orchestrator.Fakes;

namespace Pipeline.Tests.Orchestrator.Web;

/// <summary>Files that come from a browser, and those that it may choose.</summary>
public sealed class UploadTests : FolderTests
{
    private readonly RunStore _store;
    private readonly Uploads _uploads;

    public UploadTests()
    {
        _store = new RunStore(InFolder("data"), NullLogger<RunStore>.Instance);
        _uploads = new Uploads(_store);
    }

    public override void Dispose()
    {
        _store.Dispose();
        base.Dispose();
    }

    [Fact]
    public async Task Save_TwoFilesOfOneName_KeepsBoth()
    {
        var shares = new List<double>();

        var first = await _uploads.SaveAsync(new SentFile("a.ndjson.gz", new byte[200_000]), shares.Add, default);
        var second = await _uploads.SaveAsync(new SentFile("C:\\x\\a.ndjson.gz", [1]), _ => { }, default);

        Assert.Equal(("a.ndjson.gz", 200_000), (Path.GetFileName(first), new FileInfo(first).Length));
        Assert.Equal("a-2.ndjson.gz", Path.GetFileName(second));
        Assert.Equal(shares.Order(), shares);
        Assert.Equal(1, shares[^1]);
    }

    [Theory]
    [InlineData("../../evil.sh")]
    [InlineData("a.txt")]
    [InlineData(".ndjson")]
    public async Task Save_NoInputByItsName_IsRefused(string name)
    {
        await Assert.ThrowsAsync<IOException>(() => _uploads.SaveAsync(new SentFile(name, [1]), _ => { }, default));
    }

    [Fact]
    public async Task Save_TooLarge_IsRefusedBeforeItIsRead()
    {
        var file = new SentFile("a.ndjson", []) { Size = Uploads.MaxBytes + 1 };

        await Assert.ThrowsAsync<IOException>(() => _uploads.SaveAsync(file, _ => { }, default));
        Assert.False(file.WasRead);
    }

    [Fact]
    public async Task Save_BrokenOff_LeavesNothing()
    {
        await Assert.ThrowsAsync<IOException>(
            () => _uploads.SaveAsync(new SentFile("a.ndjson", new byte[200_000]), _ => throw new IOException("gone"), default));

        Assert.Empty(Directory.EnumerateFiles(_store.CreatePrivateFolder("uploads").FullName));
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(JSException))]
    public async Task Save_BrowserCannotReadTheFile_IsAnErrorOfTheFile(Type type)
    {
        var error = (Exception)Activator.CreateInstance(type, "NotReadableError")!;

        var told = await Assert.ThrowsAsync<IOException>(
            () => _uploads.SaveAsync(new SentFile("a.ndjson", [1]) { End = Task.FromException(error) }, _ => { }, default));

        Assert.StartsWith("'a.ndjson' could not be read by the browser", told.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(_store.CreatePrivateFolder("uploads").FullName));
    }

    [Fact]
    public void List_FolderBelowARoot_NamesFoldersAndInputs()
    {
        Directory.CreateDirectory(InFolder("sub"));
        Directory.CreateDirectory(InFolder(".hidden"));
        Write("b.ndjson", "12");
        Write("a.json.gz", "");
        Write("c.txt", "");

        File.CreateSymbolicLink(InFolder("d.ndjson"), "b.ndjson");
        File.CreateSymbolicLink(InFolder("e.ndjson"), "nothing");
        File.CreateSymbolicLink(InFolder("f.ndjson"), "f.ndjson");

        var entries = Folders().List(Folder);

        Assert.Equal(["data", "sub", "a.json.gz", "b.ndjson", "d.ndjson"], entries.Select(entry => entry.Name));
        Assert.Equal(["data", "sub"], entries.Where(entry => entry.IsFolder).Select(entry => entry.Name));
        Assert.All(entries.Skip(3), entry => Assert.Equal(2, entry.Length));
    }

    [Fact]
    public void List_FolderElsewhere_IsRefused()
    {
        Assert.Throws<IOException>(() => Folders().List(Path.GetTempPath()));
        Directory.CreateSymbolicLink(InFolder("link"), Path.GetTempPath());
        Assert.Throws<IOException>(() => Folders().List(InFolder("link")));
    }

    private RootFolders Folders() => new(new ConfigurationBuilder().AddInMemoryCollection([new("PIPELINE_ROOTS", Folder)]).Build());
}
