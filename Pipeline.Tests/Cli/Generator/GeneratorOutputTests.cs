using Pipeline.Cli;
using Pipeline.Cli.Generator;
using Pipeline.Files;

namespace Pipeline.Tests.Cli.Generator;

public sealed class GeneratorOutputTests : FolderTests
{
    private readonly GeneratorOptions _options = new() { Count = 1_000 };

    [Fact]
    public void Write_NameEndsInGz_IsCompressed()
    {
        GeneratorOutput.Write(_options, InFolder("a.ndjson"), overwrite: false, null, CancellationToken.None);
        GeneratorOutput.Write(_options, InFolder("a.ndjson.gz"), overwrite: false, null, CancellationToken.None);

        Assert.Equal(File.ReadAllBytes(InFolder("a.ndjson")), Gzip.Read(InFolder("a.ndjson.gz")));
        Assert.Equal(1_000, File.ReadAllLines(InFolder("a.ndjson")).Length);
    }

    [Fact]
    public void Write_NothingToGz_IsAnEmptyGzipMember()
    {
        GeneratorOutput.Write(new GeneratorOptions { Count = 0 }, InFolder("a.ndjson.gz"), overwrite: false, null, CancellationToken.None);

        Assert.Equal(OutputFiles.EmptyGzip.ToArray(), File.ReadAllBytes(InFolder("a.ndjson.gz")));
    }

    [Fact]
    public void Write_CancelledInTheMiddle_LeavesTheFormerFile()
    {
        var path = Write("a.ndjson", "old");
        var options = new GeneratorOptions { Count = 100_000 };
        using var cancel = new CancellationTokenSource();
        var inTheMiddle = new List<(string Former, long Unfinished)>();
        var progress = new OnReport(lines =>
        {
            if (lines == 0)
                return;
            var unfinished = Directory.GetFiles(Folder, "*", SearchOption.AllDirectories).Where(file => file != path).Sum(file => new FileInfo(file).Length);
            inTheMiddle.Add((File.ReadAllText(path), unfinished));
            cancel.Cancel();
        });

        Assert.Throws<OperationCanceledException>(() => GeneratorOutput.Write(options, path, overwrite: true, progress, cancel.Token));

        var (former, unfinished) = Assert.Single(inTheMiddle);
        Assert.Equal("old", former);
        Assert.True(unfinished > 0);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void Write_ExistingFile_IsRefusedWithoutOverwrite()
    {
        var path = Write("a.ndjson", "mine");

        var error = Assert.Throws<IOException>(() => GeneratorOutput.Write(_options, path, overwrite: false, null, CancellationToken.None));
        Assert.Contains("--overwrite", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));

        GeneratorOutput.Write(_options, path, overwrite: true, null, CancellationToken.None);
        Assert.Equal(1_000, File.ReadLines(path).Count());
    }

    [UnixFact]
    public void Write_OutputIsALink_WritesTheFileThatItLeadsTo()
    {
        Write("a.ndjson", "old");
        File.CreateSymbolicLink(InFolder("link"), "a.ndjson");

        GeneratorOutput.Write(_options, InFolder("link"), overwrite: true, null, CancellationToken.None);

        Assert.Equal("a.ndjson", new FileInfo(InFolder("link")).LinkTarget);
        Assert.Equal(1_000, File.ReadLines(InFolder("a.ndjson")).Count());
    }

    [Fact]
    public void Write_AnotherOfTheSameNameMeanwhile_LeavesTheUnfinishedFileAlone()
    {
        var isMade = false;
        var progress = new OnReport(lines =>
        {
            if (lines == 0 || isMade)
                return;
            isMade = true;
            GeneratorOutput.Write(_options, InFolder("a.ndjson"), overwrite: true, null, CancellationToken.None);
        });

        GeneratorOutput.Write(new GeneratorOptions { Count = 100_000 }, InFolder("a.ndjson"), overwrite: true, progress, CancellationToken.None);

        Assert.True(isMade);
        Assert.Equal(100_000, File.ReadLines(InFolder("a.ndjson")).Count());
        Assert.Equal([InFolder("a.ndjson")], Directory.GetFileSystemEntries(Folder));
    }

    [LinuxFact]
    public void Write_OutputIsAFifo_FailsAndLeavesIt()
    {
        Fifo.Create(InFolder("fifo"));

        var error = Assert.Throws<IOException>(() => GeneratorOutput.Write(_options, InFolder("fifo"), overwrite: true, null, CancellationToken.None));

        Assert.Contains("is a FIFO", error.Message, StringComparison.Ordinal);
        Assert.Equal("a FIFO", FileStatus.Of(InFolder("fifo"))?.Special);
    }

    [LinuxFact]
    public void Write_NameThatIsNoFileToAll_IsRefused()
    {
        var error = Assert.Throws<IOException>(
            () => GeneratorOutput.Write(_options, "/proc/self/cwd/generated.ndjson", overwrite: false, null, CancellationToken.None));

        Assert.Contains("not the same file to every process", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists("generated.ndjson"));
    }

    [Fact]
    public void Write_FolderMissing_Throws() =>
        Assert.Throws<CliException>(
            () => GeneratorOutput.Write(_options, InFolder("none/a.ndjson"), overwrite: false, null, CancellationToken.None));

    [Fact]
    public void Write_OutputIsADirectory_Throws() =>
        Assert.Throws<IOException>(() => GeneratorOutput.Write(_options, Folder, overwrite: true, null, CancellationToken.None));

    private sealed class OnReport(Action<long> action) : IProgress<long>
    {
        public void Report(long value) => action(value);
    }
}
