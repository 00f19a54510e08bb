using System.Text;
using CsCheck;
using Pipeline.Stages.Ingest;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class IngestCuttingTests : FolderTests
{
    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("a")]
    [InlineData("a\n")]
    [InlineData("a\r\n")]
    [InlineData("a\r")]
    [InlineData("a\nb")]
    [InlineData("a\n\nb\n")]
    [InlineData("\n\n\na\n\n\n")]
    [InlineData("a\r\n\r\nb\r\n")]
    [InlineData("a\n \t\r\nb")]
    [InlineData("a\n \t\r \nb")]
    [InlineData("a\n  b\n\tc\n\rd\n")]
    [InlineData("a\n   ")]
    [InlineData("   ")]
    [InlineData("\uFEFFa\n")]
    [InlineData("\uFEFF\n\na\n")]
    [InlineData("\uFEFF")]
    [InlineData("a\n\uFEFFb\n")]
    [InlineData("\u0001\n\0\0\n\0")]
    [InlineData("a\u000B\n\u000B\n")]
    public async Task Read_AnyLineEndsAndBlankLines_MatchesTheReference(string text)
    {
        var data = Encoding.UTF8.GetBytes(text);
        foreach (var batchSize in new[] { 0, 1, 2 })
        {
            foreach (var block in new[] { 16, 256 * 1024 })
            {
                var run = new IngestRun(Write("in.ndjson", data)) { BlockBytes = block };
                run.Open.Options.BatchSize = batchSize;
                await run.ReadAsync();

                run.AssertLines(NaiveCutter.Cut(data, 1024 * 1024));
                Assert.Equal(2, run.Checkpoints.Count);
                var position = run.Checkpoints[1].Checkpoint.Position;
                Assert.Equal(data.Length, position.Offset);
                Assert.Equal(run.Lines.Count, position.TotalLines);
                Assert.Equal(run.Lines.Count(line => line.Fate == LineFate.Blank), position.BlankLines);
                Assert.NotNull(run.Messages[^1].EndOfInput);
            }
        }
    }

    [Theory]
    [InlineData(64, "\n", LineFate.Kept)]
    [InlineData(64, "\r\n", LineFate.Kept)]
    [InlineData(64, "", LineFate.Kept)]
    [InlineData(65, "\n", LineFate.TooLong)]
    [InlineData(65, "\r\n", LineFate.TooLong)]
    [InlineData(65, "", LineFate.TooLong)]
    [InlineData(1023, "\n", LineFate.TooLong)]
    [InlineData(1024, "\r\n", LineFate.TooLong)]
    [InlineData(5000, "\r\n", LineFate.TooLong)]
    public async Task Read_LineOverTheLimit_IsRejectedWithItsBeginning(int length, string end, object fate)
    {
        var data = Encoding.UTF8.GetBytes("before\n" + new string('x', length) + end);
        foreach (var block in new[] { 16, 64, 65, 100, 1027, 256 * 1024 })
        {
            var run = new IngestRun(Write("in.ndjson", data)) { BlockBytes = block };
            run.Open.Options.MaxLineBytes = 64;
            await run.ReadAsync();

            run.AssertLines(NaiveCutter.Cut(data, 64));
            Assert.Equal((LineFate)fate, run.Lines[1].Fate);
            Assert.Equal(fate is LineFate.TooLong ? 1 : 0, run.Meter.Rejected);
        }
    }

    [Fact]
    public async Task Read_LineOf100Megabytes_UsesBoundedMemory()
    {
        var path = InFolder("in.ndjson");
        await using (var file = File.Create(path))
        {
            file.Write("first\n"u8);
            file.Seek(100 * 1024 * 1024, SeekOrigin.Current);
            file.Write("\nlast"u8);
        }

        var run = new IngestRun(path);
        var allocated = new List<long>();
        run.OnFrame = (_, _) => allocated.Add(GC.GetAllocatedBytesForCurrentThread());
        await run.ReadAsync();

        // The reading thread writes all frames, because no write ever waits: its allocations are those of the whole run.
        Assert.InRange(allocated[^1] - allocated[0], 1, 16 * 1024 * 1024);
        Assert.Equal([LineFate.Kept, LineFate.TooLong, LineFate.Kept], run.Lines.Select(line => line.Fate));
        Assert.Equal(new string('0', 2048), run.Lines[1].Content);
        Assert.Equal(100 * 1024 * 1024 + 7, run.Lines[2].Offset);
    }

    [Fact]
    public void Read_RandomTextAndSizes_MatchesTheReference()
    {
        // Few kinds of bytes, so that line ends, blank and long lines meet in every combination at the borders of chunk, window and block.
        var piece = Gen.Frequency(
            (6, Gen.String[Gen.Char["abc\"{"], 1, 90]),
            (2, Gen.OneOf(" ", "\t", "\r", "\0", "\uFEFF")),
            (1, Gen.Int[60, 200].Select(length => new string('z', length))),
            (1, Gen.Int[1000, 1200].Select(length => new string('y', length))),
            (5, Gen.OneOf("\n", "\r\n", "\n\n", "\n \n")));
        Gen.Select(piece.List[0, 120], Gen.OneOf(0, 1, 2, 7, 100), Gen.Int[16, 300], Gen.Int[64, 1100])
            .Sample(
                (pieces, batchSize, block, maxLine) =>
                {
                    using var folder = new TestFolder();
                    var data = Encoding.UTF8.GetBytes(string.Concat(pieces));
                    var run = new IngestRun(folder.Write("in.ndjson", data)) { BlockBytes = block };
                    run.Open.Options.BatchSize = batchSize;
                    run.Open.Options.MaxLineBytes = maxLine;
                    run.ReadAsync().GetAwaiter().GetResult();

                    run.AssertLines(NaiveCutter.Cut(data, maxLine));
                    if (batchSize > 0)
                        Assert.All(run.BatchLines.SkipLast(1), count => Assert.Equal(batchSize, count));
                },
                iter: 1000);
    }

    [Fact]
    public async Task Read_AutomaticBatchSize_FillsBatchesWithWholeLines()
    {
        var line = new string('x', 122) + "\n";
        var run = await new IngestRun(Write("in.ndjson", string.Concat(Enumerable.Repeat(line, 5000)))).ReadAsync();

        Assert.All(run.BatchBytes.SkipLast(1), bytes => Assert.Equal(IngestOptions.AutoBatchBytes / 123 * 123, bytes));
        Assert.Equal(5000, run.BatchLines.Sum());
    }

    [Fact]
    public async Task Read_BatchOfLongLines_IsCutAt4MiB()
    {
        var line = new string('x', 1_000_000) + "\n";
        var run = new IngestRun(Write("in.ndjson", string.Concat(Enumerable.Repeat(line, 10))));
        run.Open.Options.BatchSize = 100_000;
        await run.ReadAsync();

        Assert.Equal([4, 4, 2], run.BatchLines);
    }

    [Fact]
    public async Task Read_LineLongerThanABatch_IsABatchOfItsOwn()
    {
        var text = "a\n" + new string('x', 200_000) + "\nb\n";
        var run = await new IngestRun(Write("in.ndjson", text)).ReadAsync();

        Assert.Equal([1, 1, 1], run.BatchLines);
    }

    [Fact]
    public async Task Read_ManyRejects_AreSplitOverSeveralBatches()
    {
        var line = new string('x', 2000) + "\n";
        var run = new IngestRun(Write("in.ndjson", string.Concat(Enumerable.Repeat(line, 10_000))));
        run.Open.Options.MaxLineBytes = 64;
        run.Open.Options.BatchSize = 100;
        await run.ReadAsync();

        Assert.Equal(10_000, run.Meter.Rejected);
        Assert.True(run.BatchLines.Count >= 3, "10,000 rejects of 1 KiB came in one batch");
    }

    [Fact]
    public async Task Read_ManyRejectsOfAFileWithALongPath_AreSplitOverMoreBatches()
    {
        var line = new string('x', 70) + "\n";
        var name = Path.Join("in", new string('d', 240), new string('f', 240) + ".ndjson");
        var file = Write(name, string.Concat(Enumerable.Repeat(line, 20_000)));
        var run = new IngestRun(Path.GetDirectoryName(Path.GetDirectoryName(file))!);
        run.Open.Options.MaxLineBytes = 64;
        run.Open.Options.BatchSize = 100_000;
        await run.ReadAsync();

        Assert.Equal(20_000, run.Meter.Rejected);
        Assert.True(run.BatchLines.Count >= 3, "20,000 rejects with a path of 480 bytes came in one batch");
    }
}
