using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class IngestSliceTests : FolderTests
{
    private const int MaxLineBytes = 64;
    private static readonly string TooLong = new('x', MaxLineBytes + 1);

    // A byte order mark, blank lines, both line ends, lines that are too long, one of them at a block's end, and no line end at the end.
    private static readonly byte[] Sample = Encoding.UTF8.GetBytes(
        $"\uFEFF{{\"n\":1}}\n\n{{\"n\":2}}\r\n{TooLong}\r\n \t\n{{\"n\":3}}\n\n\n{{\"n\":\"ø\"}}\r\n{TooLong}\n{{\"n\":4}}\n\r\n{{\"n\":5}}");

    private static readonly long[] Cuts =
        [0, .. Sample.Index().Where(entry => entry.Item == '\n').Select(entry => entry.Index + 1L), Sample.Length];

    [Theory]
    [InlineData(16, 0)]
    [InlineData(16, 2)]
    [InlineData(256 * 1024, 0)]
    public async Task Read_EverySliceOfAFile_GivesItsLinesWithTheirOffsets(int blockBytes, int batchSize)
    {
        var path = Write("in.ndjson", Sample);
        var lines = NaiveCutter.Cut(Sample, MaxLineBytes);
        foreach (var (first, end) in Cuts.SelectMany(first => Cuts.Where(end => end >= first).Select(end => (first, end))))
        {
            var run = SliceOf(path, first, end, blockBytes);
            run.Open.Options.BatchSize = batchSize;
            await run.ReadAsync();

            var before = lines.Count(line => line.Offset < first);
            run.AssertLines(lines.Where(line => line.Offset >= first && line.Offset < end).Select(line => line with { Line = line.Line - before }));
            var position = Assert.Single(run.Checkpoints).Checkpoint.Position;
            Assert.Equal((end, end - first, run.Lines.Count, run.Lines.Count), (position.Offset, position.TotalBytes, position.TotalLines, position.Line));
            Assert.Equal(run.Lines.Count(line => line.Fate == LineFate.Blank), position.BlankLines);
            Assert.Equal(first == end ? 0 : XxHash3.HashToUInt64(Sample.AsSpan((int)first, (int)(end - first))), Assert.Single(position.Files).PrefixHash);
            Assert.NotNull(run.Messages[^1].EndOfInput);
        }
    }

    [Fact]
    public async Task Open_CutWithinALine_IsRefused()
    {
        var path = Write("in.ndjson", Sample);
        for (var at = 1; at < Sample.Length; at++)
        {
            if (Cuts.Contains(at))
                continue;
            foreach (var run in new[] { SliceOf(path, at, Sample.Length), SliceOf(path, 0, at) })
            {
                var failure = await run.FailAsync();
                Assert.Equal(FailureReasons.InvalidOptions, failure.Reason);
                Assert.Contains($"a cut at byte {at} of 'in.ndjson', which is within a line", failure.Message);
            }
        }
    }

    [Theory]
    [InlineData("no files", 0, -1, "no files")]
    [InlineData("one", -1, 4, "bytes -1 to 4 of 'a.ndjson', which has 4")]
    [InlineData("one", 4, 2, "bytes 4 to 2 of 'a.ndjson', which has 4")]
    [InlineData("one", 0, 5, "bytes 0 to 5 of 'a.ndjson', which has 4")]
    [InlineData("two", 2, 4, "of 2 files: only a single file can be read in part")]
    [InlineData("two", 0, 2, "of 2 files: only a single file can be read in part")]
    [InlineData("gz", 0, 2, "part of 'c.ndjson.gz', which is compressed")]
    public async Task Open_BoundsThatMeanNothing_AreRefused(string which, long first, long end, string message)
    {
        string[] names = which switch { "one" => ["a.ndjson"], "two" => ["a.ndjson", "b.ndjson"], "gz" => ["c.ndjson.gz"], _ => [] };
        var run = new IngestRun(WriteFolder()) { Open = { Options = { Slice = new InputSlice { FirstByte = first, EndByte = end } } } };
        run.Open.Options.Slice.Files.Add(Planned(names));

        var failure = await run.FailAsync();

        Assert.Equal(FailureReasons.InvalidOptions, failure.Reason);
        Assert.Contains(message, failure.Message);
    }

    [Fact]
    public async Task Read_SomeFilesOfAFolder_OpensNoOther()
    {
        var folder = WriteFolder();
        var run = new IngestRun(folder) { Open = { Options = { Slice = Whole(Planned("b.ndjson", "c.ndjson.gz")) } } };
        // Neither file belongs to the slice: the run does not notice that one is missing and the other is new.
        File.Delete(Path.Join(folder, "a.ndjson"));
        File.WriteAllText(Path.Join(folder, "ab.ndjson"), "new\n");

        await run.ReadAsync();

        Assert.Equal([("b.ndjson", 1, 0), ("b.ndjson", 2, 3), ("c.ndjson.gz", 1, 0)], run.Lines.Select(line => (line.File, line.Line, line.Offset)));
        var position = run.Checkpoints[^1].Checkpoint.Position;
        Assert.Equal((1, 2, 1, 3), (position.FileIndex, position.Offset, position.Line, position.TotalLines));
        Assert.Equal(["b.ndjson", "c.ndjson.gz"], position.Files.Select(file => file.Path));
    }

    [Theory]
    [InlineData("gone", FailureReasons.InputChanged)]
    [InlineData("written to", FailureReasons.InputChanged)]
    [InlineData("shrunk", FailureReasons.InputChanged)]
    [InlineData("replaced by longer", FailureReasons.InputChanged)]
    [InlineData("outside", FailureReasons.PathOutsideRoots)]
    public async Task Open_FilesThatAreNotWhatWasPlanned_AreRefused(string how, string reason)
    {
        var folder = WriteFolder();
        var run = new IngestRun(folder, folder) { Open = { Options = { Slice = Whole(Planned("a.ndjson", "b.ndjson")) } } };
        var changed = Path.Join(folder, "b.ndjson");
        switch (how)
        {
            case "gone":
                File.Delete(changed);
                break;
            case "written to":
                File.SetLastWriteTimeUtc(changed, File.GetLastWriteTimeUtc(changed).AddSeconds(1));
                break;
            case "shrunk":
                File.WriteAllText(changed, "b1");
                break;
            case "replaced by longer":
                File.Move(Write("export", "b1\nb2\nb3\n"), changed, overwrite: true);
                break;
            case "outside":
                Write("outside.ndjson", "x\n");
                run.Open.Options.Slice.Files[1].Path = "../outside.ndjson";
                break;
        }

        Assert.Equal(reason, (await run.FailAsync()).Reason);
        Assert.Empty(run.Lines);
    }

    [Fact]
    public async Task Read_FileThatOnlyGrew_EndsAtThePlannedLength()
    {
        var path = Write("in.ndjson", Sample);
        var run = SliceOf(path, Cuts[^2], Sample.Length);
        File.AppendAllText(path, ",late\n");

        await run.ReadAsync();

        Assert.Equal(Convert.ToHexString("{\"n\":5}"u8), Assert.Single(run.Lines).Content);
    }

    [Fact]
    public async Task Resume_AtEveryCheckpointOfASlice_ReadsTheSameLines()
    {
        var data = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 200).Select(i => i % 7 == 0 ? "\n" : $"{{\"n\":{i}}}\n")));
        var path = Write("in.ndjson", data);
        var first = Array.IndexOf(data, (byte)'\n', 400) + 1;
        var end = Array.IndexOf(data, (byte)'\n', 1500) + 1;
        var whole = await Checkpointing().ReadAsync();
        Assert.True(whole.Checkpoints.Count > 8, $"only {whole.Checkpoints.Count} checkpoints");
        foreach (var (checkpoint, linesBefore) in whole.Checkpoints)
        {
            var resumed = await Checkpointing().ReadAsync(checkpoint);

            Assert.Equal(whole.Lines.Skip(linesBefore).Select(line => line.Plain), resumed.Lines.Select(line => line.Plain));
            Assert.Equal(whole.Checkpoints[^1].Checkpoint.Position, resumed.Checkpoints[^1].Checkpoint.Position);
        }

        // Bytes before the slice are not checked on resume; bytes of the slice that were read already are.
        await ChangeAsync(10, whole.Checkpoints[4].Checkpoint, reason: null);
        await ChangeAsync(first + 10, whole.Checkpoints[4].Checkpoint, FailureReasons.InputChanged);

        IngestRun Checkpointing()
        {
            var time = new FakeTimeProvider();
            var run = SliceOf(path, first, end, 200, time);
            run.OnFrame = (_, _) => time.Advance(TimeSpan.FromMilliseconds(1));
            run.Open.Options.BatchSize = 7;
            run.Open.Options.CheckpointIntervalMicros = 2000;
            run.Open.Options.LingerMicros = 10_000_000;
            return run;
        }

        async Task ChangeAsync(int at, CheckpointPage checkpoint, string? reason)
        {
            var modified = File.GetLastWriteTimeUtc(path);
            var changed = data.ToArray();
            changed[at] ^= 1;
            File.WriteAllBytes(path, changed);
            File.SetLastWriteTimeUtc(path, modified);
            var run = Checkpointing();
            var failure = await Record.ExceptionAsync(() => run.ReadAsync(checkpoint));
            Assert.Equal(reason, (failure as StageException)?.Failure.Reason);
        }
    }

    private static InputSlice Whole(IEnumerable<InputFile> files) => new RunSlice([.. files.Select(SliceFile.Of)], 0, files.Last().Length).ToContract();

    private IngestRun SliceOf(string path, long first, long end, int blockBytes = 256 * 1024, TimeProvider? time = null)
    {
        var run = new IngestRun(path) { BlockBytes = blockBytes, Time = time ?? new FakeTimeProvider() };
        var files = InputCatalog.Read(path, "", [Folder]).Files;
        run.Open.Options.MaxLineBytes = MaxLineBytes;
        run.Open.Options.Slice = new InputSlice { Files = { files }, FirstByte = first, EndByte = end };
        return run;
    }

    private string WriteFolder()
    {
        Write("in/a.ndjson", "a\na\n");
        Write("in/b.ndjson", "b1\nb2\n");
        Write("in/c.ndjson.gz", Gzip.Compress("c\n"u8.ToArray()));
        return InFolder("in");
    }

    private IEnumerable<InputFile> Planned(params string[] names) =>
        InputCatalog.Read(InFolder("in"), "", [Folder]).Files.Where(file => names.Contains(file.Path)).ToList();
}
