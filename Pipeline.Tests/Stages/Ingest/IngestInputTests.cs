using System.Net.Sockets;
using System.Text;
using CsCheck;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class IngestInputTests : IDisposable
{
    private static readonly byte[] Sample = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(i => $"{{\"n\":{i}}}\n")));
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("in.ndjson.gz")]
    [InlineData("in.ndjson")]
    public async Task Read_GzipWithOrWithoutExtension_IsRecognizedByContent(string name)
    {
        var run = await new IngestRun(_folder.Write(name, TemporaryFolder.Gzip(Sample))).ReadAsync();

        run.AssertLines(NaiveCutter.Cut(Sample, 1024));
    }

    [Theory]
    [InlineData("in.ndjson.gz")]
    [InlineData("in.ndjson")]
    public async Task Read_GzipWithOrWithoutExtension_HasNoShareThatIsDone(string name)
    {
        var run = await new IngestRun(_folder.Write(name, TemporaryFolder.Gzip(Sample))).ReadAsync();

        Assert.Null(RunProgress.Of(1, run.Checkpoints[^1].Checkpoint.Position).Fraction);
    }

    [Fact]
    public async Task Read_PlainFile_ItsLastCheckpointHasAllOfIt()
    {
        var run = await new IngestRun(_folder.Write("in.ndjson", Sample)).ReadAsync();

        Assert.Equal(1, RunProgress.Of(1, run.Checkpoints[^1].Checkpoint.Position).Fraction);
    }

    // A path may have 4,096 bytes.
    [LinuxFact]
    public async Task Read_FolderWithLongPathsInAScriptOfThreeBytes_CountsTheirBytes()
    {
        var folder = Path.Join([_folder.Path, .. Enumerable.Repeat(new string('\u4E00', 80), 14)]);
        Directory.CreateDirectory(folder);
        for (var i = 0; i < 2_600; i++)
            File.WriteAllBytes(Path.Join(folder, $"{i}.json"), []);

        var failure = await new IngestRun(_folder.Path).FailAsync();

        Assert.Equal(FailureReasons.InputUnreadable, failure.Reason);
        Assert.Contains("with too long paths", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_GzipOfManyMembers_ReadsThemAsOneText()
    {
        var members = Sample.Chunk(777).Append([]).Append("\n"u8.ToArray()).Append([]).ToArray();
        var run = await new IngestRun(_folder.Write("in.gz", TemporaryFolder.Gzip(members))).ReadAsync();

        run.AssertLines(NaiveCutter.Cut([.. Sample, (byte)'\n'], 1024));
    }

    [Fact]
    public async Task Read_ZerosAfterGzip_AreIgnored()
    {
        var run = await new IngestRun(_folder.Write("in.gz", [.. TemporaryFolder.Gzip(Sample), .. new byte[200_000]])).ReadAsync();

        run.AssertLines(NaiveCutter.Cut(Sample, 1024));
    }

    [Fact]
    public async Task Read_GzipHeaderWithAllOptionalFields_IsAccepted()
    {
        var plain = TemporaryFolder.Gzip(Sample);
        byte[] header = [0x1F, 0x8B, 8, 0x1F, 0, 0, 0, 0, 0, 3, 5, 0, 1, 2, 3, 4, 5, .. "name\0comment\0"u8, 0xAA, 0xBB];
        var run = await new IngestRun(_folder.Write("in.gz", [.. header, .. plain.AsSpan(10)])).ReadAsync();

        run.AssertLines(NaiveCutter.Cut(Sample, 1024));
    }

    [Fact]
    public async Task Read_TruncatedGzip_FailsAsCorrupt()
    {
        var whole = TemporaryFolder.Gzip(Sample, "more\n"u8.ToArray());
        var first = TemporaryFolder.Gzip(Sample).Length;
        for (var length = 0; length < whole.Length; length += length < 30 || length > first - 30 ? 1 : 97)
        {
            if (length != first)
            {
                var failure = await new IngestRun(_folder.Write("in.gz", whole[..length])).FailAsync();
                Assert.True(failure.Reason == FailureReasons.InputCorrupt, $"cut at {length}: {failure}");
            }
        }
    }

    [Fact]
    public void Read_GzipWithFlippedBit_FailsAsCorruptOrReadsTheSameLines()
    {
        var whole = TemporaryFolder.Gzip(Sample);
        var expected = NaiveCutter.Cut(Sample, 1024);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[0, 7]).Sample(
            (at, bit) =>
            {
                using var folder = new TemporaryFolder();
                var damaged = whole.ToArray();
                damaged[at] ^= (byte)(1 << bit);
                var run = new IngestRun(folder.Write("in.gz", damaged));
                try
                {
                    run.ReadAsync().GetAwaiter().GetResult();
                    run.AssertLines(expected);
                }
                catch (StageException failure)
                {
                    Assert.Equal(FailureReasons.InputCorrupt, failure.Failure.Reason);
                }
            },
            iter: 300);
    }

    [Fact]
    public async Task Read_OtherBytesAfterGzip_FailsAsCorrupt()
    {
        var failure = await new IngestRun(_folder.Write("in.gz", [.. TemporaryFolder.Gzip(Sample), .. "rubbish"u8])).FailAsync();

        Assert.Equal(FailureReasons.InputCorrupt, failure.Reason);
        Assert.Contains("after its end", failure.Message);
    }

    [Fact]
    public async Task Read_Folder_ReadsItsFilesInOrdinalOrder()
    {
        _folder.Write("in/b.ndjson", "b1\nb2");
        _folder.Write("in/B.jsonl", "B1\n");
        _folder.Write("in/a/z.json", "az\n");
        _folder.Write("in/a-b.ndjson.gz", TemporaryFolder.Gzip("ab1\n\nab3\n"u8.ToArray()));
        _folder.Write("in/c.ndjson", "");
        _folder.Write("in/notes.txt", "no");
        _folder.Write("in/.hidden.ndjson", "no");
        _folder.Write("in/runs/x/run.json", "no");
        var run = new IngestRun(Path.Join(_folder.Path, "in"));
        run.Open.Options.WorkDirectory = Path.Join(_folder.Path, "in", "runs", "x");
        await run.ReadAsync();

        run.AssertLines(
        [
            .. NaiveCutter.Cut("B1\n"u8.ToArray(), 64, "B.jsonl"),
            .. NaiveCutter.Cut("ab1\n\nab3\n"u8.ToArray(), 64, "a-b.ndjson.gz"),
            .. NaiveCutter.Cut("az\n"u8.ToArray(), 64, "a/z.json"),
            .. NaiveCutter.Cut("b1\nb2"u8.ToArray(), 64, "b.ndjson"),
        ]);
        var position = run.Checkpoints[^1].Checkpoint.Position;
        Assert.Equal((4, 0L, 7L, 1L, 20L), (position.FileIndex, position.Offset, position.TotalLines, position.BlankLines, position.TotalBytes));
    }

    [Fact]
    public void Read_FolderWithOtherEntries_CountsAndNamesWhatIsSkipped()
    {
        _folder.Write("in/a.ndjson", "a\n");
        _folder.Write("in/notes.txt", "no");
        _folder.Write("in/a.ndjson.1", "no");
        _folder.Write("in/.hidden.ndjson", "no");
        _folder.Write("in/.git/x.ndjson", "no");
        _folder.Write("in/run/x.ndjson", "no");
        Directory.CreateSymbolicLink(Path.Join(_folder.Path, "in", "link"), _folder.Path);

        var catalog = InputCatalog.Read(Path.Join(_folder.Path, "in"), Path.Join(_folder.Path, "in", "run"), [_folder.Path]);

        Assert.Equal(["a.ndjson"], catalog.Files.Select(file => file.Path));
        Assert.Equal([".git", ".hidden.ndjson", "a.ndjson.1", "link", "notes.txt"], catalog.Skipped!.Paths);
        Assert.Equal(5, catalog.Skipped.Count);
    }

    [Fact]
    public void Read_FolderWithManyOtherEntries_CountsAllAndNamesTheFirstHundred()
    {
        _folder.Write("in/m.ndjson", "a\n");
        for (var i = 0; i < 150; i++)
            _folder.Write($"in/{i * 7 % 150:000}.log", "");

        var skipped = InputCatalog.Read(Path.Join(_folder.Path, "in"), "", [_folder.Path]).Skipped!;

        Assert.Equal(150, skipped.Count);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i:000}.log"), skipped.Paths);
    }

    [Fact]
    public void Read_NamesBeyondTheBasicPlane_AreInTheOrderOfTheirUtf8Bytes()
    {
        string[] names = ["a.ndjson", "\uFF5E.ndjson", "\U0001F600.ndjson"];
        foreach (var name in names)
            _folder.Write($"in/{name}", "x\n");

        var catalog = InputCatalog.Read(Path.Join(_folder.Path, "in"), "", [_folder.Path]);

        Assert.Equal(names, catalog.Files.Select(file => file.Path));
        catalog.RequireSame(catalog.Files);
    }

    [Fact]
    public async Task Open_FolderWithoutInputFiles_IsRefused()
    {
        _folder.Write("in/notes.txt", "no");

        Assert.Equal(FailureReasons.InputUnreadable, (await new IngestRun(Path.Join(_folder.Path, "in")).FailAsync()).Reason);
    }

    [Fact]
    public async Task Open_MissingFile_IsRefused()
    {
        var failure = await new IngestRun(Path.Join(_folder.Path, "none.ndjson")).FailAsync();

        Assert.Equal(FailureReasons.InputUnreadable, failure.Reason);
        Assert.Contains("does not exist", failure.Message);
    }

    [UnixFact]
    public async Task Open_BrokenLinkInFolder_NamesTheLinkAndItsTarget()
    {
        var link = Path.Join(Path.GetDirectoryName(_folder.Write("in/a.ndjson", "x\n")), "b.ndjson");
        File.CreateSymbolicLink(link, Path.Join(_folder.Path, "gone.ndjson"));

        var failure = await new IngestRun(Path.Join(_folder.Path, "in"), _folder.Path).FailAsync();

        Assert.Equal($"input '{link}' (which is '{Path.Join(_folder.Path, "gone.ndjson")}') does not exist.", failure.Message);
    }

    [UnixFact]
    public async Task Open_FifoDeviceOrSocket_IsRefused()
    {
        var fifo = Path.Join(_folder.Path, "in.ndjson");
        Fifo.Create(fifo);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var socketPath = Path.Join(_folder.Path, "socket");
        socket.Bind(new UnixDomainSocketEndPoint(socketPath));

        Assert.Contains("a FIFO", (await new IngestRun(fifo).FailAsync().WaitAsync(TimeSpan.FromSeconds(30))).Message);
        Assert.Contains("a FIFO", (await new IngestRun(_folder.Path).FailAsync().WaitAsync(TimeSpan.FromSeconds(30))).Message);
        Assert.Contains("a device", (await new IngestRun("/dev/zero", "/dev").FailAsync()).Message);
        Assert.Contains("a socket", (await new IngestRun(socketPath).FailAsync()).Message);
    }

    [Fact]
    public async Task Open_PathOutsideTheRoots_IsRefused()
    {
        _folder.Write("outside/in.ndjson", "x");
        Directory.CreateDirectory(Path.Join(_folder.Path, "root"));
        var link = Path.Join(_folder.Path, "root", "in.ndjson");
        File.CreateSymbolicLink(link, Path.Join(_folder.Path, "outside", "in.ndjson"));

        foreach (var path in new[] { link, Path.Join(_folder.Path, "root"), Path.Join(_folder.Path, "root", "..", "outside", "in.ndjson") })
        {
            var failure = await new IngestRun(path, Path.Join(_folder.Path, "root")).FailAsync();
            Assert.Equal(FailureReasons.PathOutsideRoots, failure.Reason);
        }
    }

    [Fact]
    public async Task Open_SeveralInvalidOptions_ReportsAll()
    {
        var run = new IngestRun(_folder.Write("in.ndjson", "x"));
        run.Open.Options.BatchSize = 100_001;
        run.Open.Options.LingerMicros = -1;
        run.Open.Options.MaxLineBytes = 63;
        run.Open.Options.CheckpointIntervalMicros = 999;
        run.Open.Options.Rate = double.NaN;
        var failure = await run.FailAsync();

        Assert.Equal(FailureReasons.InvalidOptions, failure.Reason);
        Assert.All(
            new[] { "batch_size", "linger_micros", "max_line_bytes", "checkpoint_interval_micros", "rate" },
            name => Assert.Contains(name, failure.Message));
    }
}
