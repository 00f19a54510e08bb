using System.Net.Sockets;
using System.Text;
using CsCheck;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class IngestInputTests : FolderTests
{
    private static readonly byte[] Sample = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 3000).Select(i => $"{{\"n\":{i}}}\n")));

    [Theory]
    [InlineData("in.ndjson.gz")]
    [InlineData("in.ndjson")]
    public async Task Read_GzipWithOrWithoutExtension_IsRecognizedByContentAndHasNoShareThatIsDone(string name)
    {
        var run = await new IngestRun(Write(name, Gzip.Compress(Sample))).ReadAsync();

        run.AssertLines(NaiveCutter.Cut(Sample, 1024));
        Assert.Null(RunProgress.Of(1, run.Checkpoints[^1].Checkpoint.Position).Fraction);
    }

    [Fact]
    public async Task Read_PlainFile_ItsLastCheckpointHasAllOfIt()
    {
        var run = await new IngestRun(Write("in.ndjson", Sample)).ReadAsync();

        Assert.Equal(1, RunProgress.Of(1, run.Checkpoints[^1].Checkpoint.Position).Fraction);
    }

    // A path may have 4,096 bytes.
    [LinuxFact]
    public async Task Read_FolderWithLongPathsInAScriptOfThreeBytes_CountsTheirBytes()
    {
        var folder = Path.Join([Folder, .. Enumerable.Repeat(new string('\u4E00', 80), 14)]);
        Directory.CreateDirectory(folder);
        for (var i = 0; i < 2_600; i++)
            File.WriteAllBytes(Path.Join(folder, $"{i}.json"), []);

        var failure = await new IngestRun(Folder).FailAsync();

        Assert.Equal(FailureReasons.InputUnreadable, failure.Reason);
        Assert.Contains("with too long paths", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_GzipOfManyMembers_ReadsThemAsOneText()
    {
        var members = Sample.Chunk(777).Append([]).Append("\n"u8.ToArray()).Append([]).ToArray();
        var run = await new IngestRun(Write("in.gz", Gzip.Compress(members))).ReadAsync();

        run.AssertLines(NaiveCutter.Cut([.. Sample, (byte)'\n'], 1024));
    }

    [Fact]
    public async Task Read_ZerosAfterGzip_AreIgnored()
    {
        var run = await new IngestRun(Write("in.gz", [.. Gzip.Compress(Sample), .. new byte[200_000]])).ReadAsync();

        run.AssertLines(NaiveCutter.Cut(Sample, 1024));
    }

    [Fact]
    public async Task Read_GzipHeaderWithAllOptionalFields_IsAccepted()
    {
        var plain = Gzip.Compress(Sample);
        byte[] header = [0x1F, 0x8B, 8, 0x1F, 0, 0, 0, 0, 0, 3, 5, 0, 1, 2, 3, 4, 5, .. "name\0comment\0"u8, 0xAA, 0xBB];
        var run = await new IngestRun(Write("in.gz", [.. header, .. plain.AsSpan(10)])).ReadAsync();

        run.AssertLines(NaiveCutter.Cut(Sample, 1024));
    }

    [Fact]
    public async Task Read_TruncatedGzip_FailsAsCorrupt()
    {
        var whole = Gzip.Compress(Sample, "more\n"u8.ToArray());
        var first = Gzip.Compress(Sample).Length;
        for (var length = 0; length < whole.Length; length += length < 30 || length > first - 30 ? 1 : 97)
        {
            if (length != first)
            {
                var failure = await new IngestRun(Write("in.gz", whole[..length])).FailAsync();
                Assert.True(failure.Reason == FailureReasons.InputCorrupt, $"cut at {length}: {failure}");
            }
        }
    }

    [Fact]
    public void Read_GzipWithFlippedBit_FailsAsCorruptOrReadsTheSameLines()
    {
        var whole = Gzip.Compress(Sample);
        var expected = NaiveCutter.Cut(Sample, 1024);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Int[0, 7]).Sample(
            (at, bit) =>
            {
                using var folder = new TestFolder();
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
        var failure = await new IngestRun(Write("in.gz", [.. Gzip.Compress(Sample), .. "rubbish"u8])).FailAsync();

        Assert.Equal(FailureReasons.InputCorrupt, failure.Reason);
        Assert.Contains("after its end", failure.Message);
    }

    [Fact]
    public async Task Read_Folder_ReadsItsFilesInOrdinalOrder()
    {
        Write("in/b.ndjson", "b1\nb2");
        Write("in/B.jsonl", "B1\n");
        Write("in/a/z.json", "az\n");
        Write("in/a-b.ndjson.gz", Gzip.Compress("ab1\n\nab3\n"u8.ToArray()));
        Write("in/c.ndjson", "");
        Write("in/notes.txt", "no");
        Write("in/.hidden.ndjson", "no");
        Write("in/runs/x/run.json", "no");
        var run = new IngestRun(InFolder("in"));
        run.Open.Options.WorkDirectory = Path.Join(Folder, "in", "runs", "x");
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
        Write("in/a.ndjson", "a\n");
        Write("in/notes.txt", "no");
        Write("in/a.ndjson.1", "no");
        Write("in/.hidden.ndjson", "no");
        Write("in/.git/x.ndjson", "no");
        Write("in/run/x.ndjson", "no");
        Directory.CreateSymbolicLink(Path.Join(Folder, "in", "link"), Folder);

        var catalog = InputCatalog.Read(InFolder("in"), Path.Join(Folder, "in", "run"), [Folder]);

        Assert.Equal(["a.ndjson"], catalog.Files.Select(file => file.Path));
        Assert.Equal([".git", ".hidden.ndjson", "a.ndjson.1", "link", "notes.txt"], catalog.Skipped!.Paths);
        Assert.Equal(5, catalog.Skipped.Count);
    }

    [Fact]
    public void Read_FolderWithManyOtherEntries_CountsAllAndNamesTheFirstHundred()
    {
        Write("in/m.ndjson", "a\n");
        for (var i = 0; i < 150; i++)
            Write($"in/{i * 7 % 150:000}.log", "");

        var skipped = InputCatalog.Read(InFolder("in"), "", [Folder]).Skipped!;

        Assert.Equal(150, skipped.Count);
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{i:000}.log"), skipped.Paths);
    }

    [Fact]
    public void Read_NamesBeyondTheBasicPlane_AreInTheOrderOfTheirUtf8Bytes()
    {
        string[] names = ["a.ndjson", "\uFF5E.ndjson", "\U0001F600.ndjson"];
        foreach (var name in names)
            Write($"in/{name}", "x\n");

        var catalog = InputCatalog.Read(InFolder("in"), "", [Folder]);

        Assert.Equal(names, catalog.Files.Select(file => file.Path));
        catalog.RequireSame(catalog.Files);
    }

    [Fact]
    public async Task Open_FolderWithoutInputFiles_IsRefused()
    {
        Write("in/notes.txt", "no");

        Assert.Equal(FailureReasons.InputUnreadable, (await new IngestRun(InFolder("in")).FailAsync()).Reason);
    }

    [Fact]
    public async Task Open_MissingFile_IsRefused()
    {
        var failure = await new IngestRun(InFolder("none.ndjson")).FailAsync();

        Assert.Equal(FailureReasons.InputUnreadable, failure.Reason);
        Assert.Contains("does not exist", failure.Message);
    }

    [UnixFact]
    public async Task Open_BrokenLinkInFolder_NamesTheLinkAndItsTarget()
    {
        var link = Path.Join(Path.GetDirectoryName(Write("in/a.ndjson", "x\n")), "b.ndjson");
        File.CreateSymbolicLink(link, InFolder("gone.ndjson"));

        var failure = await new IngestRun(InFolder("in"), Folder).FailAsync();

        Assert.Equal($"input '{link}' (which is '{InFolder("gone.ndjson")}') does not exist.", failure.Message);
    }

    [UnixFact]
    public async Task Open_FifoDeviceOrSocket_IsRefused()
    {
        var fifo = InFolder("in.ndjson");
        Fifo.Create(fifo);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var socketPath = InFolder("socket");
        socket.Bind(new UnixDomainSocketEndPoint(socketPath));

        Assert.Contains("a FIFO", (await new IngestRun(fifo).FailAsync().WaitAsync(TimeSpan.FromSeconds(30))).Message);
        Assert.Contains("a FIFO", (await new IngestRun(Folder).FailAsync().WaitAsync(TimeSpan.FromSeconds(30))).Message);
        Assert.Contains("a device", (await new IngestRun("/dev/zero", "/dev").FailAsync()).Message);
        Assert.Contains("a socket", (await new IngestRun(socketPath).FailAsync()).Message);
    }

    [Fact]
    public async Task Open_PathOutsideTheRoots_IsRefused()
    {
        Write("outside/in.ndjson", "x");
        Directory.CreateDirectory(InFolder("root"));
        var link = Path.Join(Folder, "root", "in.ndjson");
        File.CreateSymbolicLink(link, Path.Join(Folder, "outside", "in.ndjson"));

        foreach (var path in new[] { link, InFolder("root"), Path.Join(Folder, "root", "..", "outside", "in.ndjson") })
        {
            var failure = await new IngestRun(path, InFolder("root")).FailAsync();
            Assert.Equal(FailureReasons.PathOutsideRoots, failure.Reason);
        }
    }

    [Fact]
    public async Task Open_SeveralInvalidOptions_ReportsAll()
    {
        var run = new IngestRun(Write("in.ndjson", "x"));
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
