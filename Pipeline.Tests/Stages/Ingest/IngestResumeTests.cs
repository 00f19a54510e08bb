using System.Text;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class IngestResumeTests : FolderTests
{
    private static readonly byte[] Sample = Encoding.UTF8.GetBytes(
        "\uFEFF" + string.Concat(Enumerable.Range(0, 300).Select(i => i % 7 == 0 ? "\n" : i % 31 == 0 ? new string('x', 99) + "\n" : $"{{\"n\":{i}}}\r\n")));

    [Theory]
    [InlineData("in.ndjson")]
    [InlineData("in.gz")]
    [InlineData("in/")]
    public async Task Resume_AtEveryCheckpoint_ReadsTheSameLines(string input)
    {
        var path = Prepare(input);
        var whole = await Checkpointing(path).ReadAsync();
        Assert.True(whole.Checkpoints.Count > 20, $"only {whole.Checkpoints.Count} checkpoints");
        foreach (var (checkpoint, linesBefore) in whole.Checkpoints)
        {
            // Serialized and parsed again, as it comes back from Sink.
            var stored = CheckpointPage.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(checkpoint));
            var resumed = await Checkpointing(path).ReadAsync(stored);

            Assert.Equal(whole.Lines.Skip(linesBefore).Select(line => line.Plain), resumed.Lines.Select(line => line.Plain));
            var (first, last) = (whole.Checkpoints[^1].Checkpoint, resumed.Checkpoints[^1].Checkpoint);
            Assert.Equal(first.Position, last.Position);
            Assert.Equal(first.Counts, last.Counts);
            Assert.Equal(checkpoint.Id + 1, resumed.Checkpoints[0].Checkpoint.Id);
        }
    }

    [Theory]
    [InlineData("in.ndjson")]
    [InlineData("in.gz")]
    [InlineData("in/")]
    public async Task Resume_BytesBeforeThePosition_CountAsRead(string input)
    {
        var path = Prepare(input);
        var checkpoint = (await Checkpointing(path).ReadAsync()).Checkpoints[^3].Checkpoint;
        var atFirstFrame = -1L;
        var run = Checkpointing(path);
        run.OnFrame = (r, frame) => atFirstFrame = frame == 1 ? r.Meter.FileBytesRead : atFirstFrame;

        await run.ReadAsync(checkpoint);

        Assert.NotEqual(0, checkpoint.Position.Offset);
        Assert.Equal(checkpoint.Position.TotalBytes, atFirstFrame);
    }

    [Fact]
    public async Task Read_LineThatIsTooLong_ItsBytesCountAsRead()
    {
        var path = Write("in.ndjson", "{}\n" + new string('x', 50_000) + "\n{}\n");

        var run = await Checkpointing(path).ReadAsync();

        Assert.Equal([LineFate.Kept, LineFate.TooLong, LineFate.Kept], run.Lines.Select(line => line.Fate));
        Assert.InRange(run.Meter.FileBytesRead, 45_000, 50_010);
    }

    [Fact]
    public async Task Read_SeveralCheckpoints_AreNumberedFromOne()
    {
        var run = await Checkpointing(Prepare("in.ndjson")).ReadAsync();

        Assert.Equal(Enumerable.Range(1, run.Checkpoints.Count).Select(id => (long)id), run.Checkpoints.Select(c => c.Checkpoint.Id));
    }

    [Theory]
    [InlineData("grew", null)]
    [InlineData("written over", FailureReasons.InputChanged)]
    public async Task Read_CheckpointsOnlyAtItsEnds_TheFirstHoldsWhatTheInputWas(string how, string? reason)
    {
        var path = Prepare("in.ndjson");
        var run = new IngestRun(path);
        run.Open.Options.CheckpointIntervalMicros = 0;
        await run.ReadAsync();
        var (first, linesBefore) = run.Checkpoints[0];
        Assert.Equal((2, 0, 0L), (run.Checkpoints.Count, linesBefore, first.Position.Offset));

        File.WriteAllBytes(path, how == "grew" ? [.. Sample, .. "more\n"u8] : Sample.AsSpan(7).ToArray());

        if (reason is null)
            Assert.Equal(run.Lines, (await new IngestRun(path).ReadAsync(first)).Lines);
        else
            Assert.Equal(reason, (await new IngestRun(path).FailAsync(first)).Reason);
    }

    [Fact]
    public async Task Drain_DuringTheRead_StopsAtACheckpoint()
    {
        var path = Prepare("in.ndjson");
        var run = Checkpointing(path);
        run.OnFrame = (r, frame) =>
        {
            if (frame == 5)
                r.Drain();
        };
        await run.ReadAsync();

        Assert.Equal(ControlAction.Drain, run.Messages[^1].Control.Action);
        Assert.NotNull(run.Messages[^2].Checkpoint);
        Assert.True(run.Lines.Count < 50);
        var resumed = await Checkpointing(path).ReadAsync(run.Checkpoints[^1].Checkpoint);
        Assert.Equal(NaiveCutter.Cut(Sample, 64).Select(line => line.Plain), run.Lines.Concat(resumed.Lines).Select(line => line.Plain));
    }

    [Fact]
    public async Task Drain_InSmallFiles_StopsAtTheEndOfTheFile()
    {
        var path = Path.GetDirectoryName(Write("in/a.ndjson", "1\n\n2\n"))!;
        Write("in/b.ndjson.gz", Gzip.Compress("3\n4\n"u8.ToArray()));
        Write("in/c.ndjson", "");
        Write("in/d.ndjson", "\uFEFF5\n6");
        var whole = await new IngestRun(path).ReadAsync();
        Assert.Equal(3, whole.BatchLines.Count);
        for (var last = 1; last <= 3; last++)
        {
            var run = new IngestRun(path);
            run.OnFrame = (r, frame) =>
            {
                // After the checkpoint with which it begins.
                if (frame == last + 1)
                    r.Drain();
            };
            await run.ReadAsync();

            Assert.Equal(last, run.BatchLines.Count);
            Assert.Equal(last < 3 ? ControlAction.Drain : ControlAction.Unspecified, run.Messages[^1].Control?.Action ?? ControlAction.Unspecified);
            var resumed = await new IngestRun(path).ReadAsync(run.Checkpoints[^1].Checkpoint);
            Assert.Equal(whole.Lines, run.Lines.Concat(resumed.Lines));
            Assert.Equal(whole.Checkpoints[^1].Checkpoint.Position, resumed.Checkpoints[^1].Checkpoint.Position);
        }
    }

    [Theory]
    [InlineData("shrunk")]
    [InlineData("written to")]
    [InlineData("replaced by longer")]
    [InlineData("other in the place of one not begun")]
    [InlineData("missing")]
    [InlineData("added")]
    public async Task Resume_InputChanged_IsRefused(string how)
    {
        var path = Prepare("in/");
        var whole = await Checkpointing(path).ReadAsync();
        var checkpoint = whole.Checkpoints[^3].Checkpoint;
        Assert.Equal(2, checkpoint.Position.FileIndex);
        if (how.StartsWith("other", StringComparison.Ordinal))
            checkpoint = whole.Checkpoints[1].Checkpoint;
        var finished = Path.Join(path, "a.ndjson");
        switch (how)
        {
            case "shrunk":
                await using (var file = File.OpenWrite(Path.Join(path, "c.ndjson")))
                {
                    file.SetLength(file.Length - 1);
                }

                break;
            case "written to":
                File.SetLastWriteTimeUtc(finished, File.GetLastWriteTimeUtc(finished).AddMilliseconds(1));
                break;
            case "replaced by longer":
                var other = Sample.ToArray();
                other[10] ^= 1;
                File.WriteAllBytes(finished, [.. other, .. "more\n"u8]);
                break;
            case "other in the place of one not begun":
                var longer = Path.Join(path, "longer");
                File.WriteAllBytes(longer, [.. "x\n"u8, .. Sample]);
                File.Move(longer, Path.Join(path, "c.ndjson"), overwrite: true);
                break;
            case "missing":
                File.Delete(finished);
                break;
            case "added":
                File.WriteAllText(Path.Join(path, "0.ndjson"), "x\n");
                break;
        }

        var failure = await Checkpointing(path).FailAsync(checkpoint).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(FailureReasons.InputChanged, failure.Reason);
    }

    [UnixFact]
    public async Task Resume_FileIsNowAFifo_IsRefused()
    {
        var path = Prepare("in/");
        var whole = await Checkpointing(path).ReadAsync();
        var finished = Path.Join(path, "a.ndjson");
        File.Delete(finished);
        Fifo.Create(finished);

        var failure = await Checkpointing(path).FailAsync(whole.Checkpoints[^3].Checkpoint).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(FailureReasons.InputUnreadable, failure.Reason);
    }

    [Theory]
    [InlineData("in.ndjson")]
    [InlineData("in.gz")]
    public async Task Resume_PrefixChangedAtSameLengthAndTime_IsRefused(string input)
    {
        var path = Prepare(input);
        var whole = await Checkpointing(path).ReadAsync();
        var modified = File.GetLastWriteTimeUtc(path);
        var content = Sample.ToArray();
        content[20] ^= 1;
        File.WriteAllBytes(path, input.EndsWith(".gz", StringComparison.Ordinal) ? Gzip.Compress(content) : content);
        File.SetLastWriteTimeUtc(path, modified);
        var checkpoint = whole.Checkpoints[^1].Checkpoint.Clone();
        checkpoint.Position.Files[0].Length = new FileInfo(path).Length;

        Assert.Equal(FailureReasons.InputChanged, (await Checkpointing(path).FailAsync(checkpoint)).Reason);
    }

    [Fact]
    public async Task Read_FileGrows_EndsAtItsFirstLength()
    {
        var path = Prepare("in.ndjson");
        var run = Checkpointing(path);
        var step = run.OnFrame;
        run.OnFrame = (r, frame) =>
        {
            step(r, frame);
            if (frame == 3)
            {
                using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
                file.Write("{\"late\":1}\n"u8);
            }
        };
        await run.ReadAsync();
        run.AssertLines(NaiveCutter.Cut(Sample, 64));

        var resumed = await Checkpointing(path).ReadAsync(run.Checkpoints[5].Checkpoint);
        Assert.Equal(run.Lines.Skip(run.Checkpoints[5].LinesBefore).Select(line => line.Plain), resumed.Lines.Select(line => line.Plain));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_FileShrinksOrIsWrittenTo_FailsAsChanged(bool shrinks)
    {
        var path = Prepare("in.ndjson");
        var run = Checkpointing(path);
        run.OnFrame = (r, frame) =>
        {
            if (frame == 3)
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                if (shrinks)
                {
                    file.SetLength(file.Length / 2);
                }
                else
                {
                    file.Write("X"u8);
                    file.Flush();
                    File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path).AddSeconds(1));
                }
            }
        };

        Assert.Equal(FailureReasons.InputChanged, (await run.FailAsync()).Reason);
    }

    [Fact]
    public async Task Resume_InTheSameProcess_CountsReplayedBatches()
    {
        var path = Prepare("in.ndjson");
        var first = Checkpointing(path);
        await first.ReadAsync();
        Assert.Equal(0, first.Meter.BatchesReplayed);

        var second = Checkpointing(path, first.Memory);
        second.Open.RunId = first.Open.RunId;
        await second.ReadAsync(first.Checkpoints[^4].Checkpoint);
        Assert.Equal(second.BatchLines.Count, second.Meter.BatchesReplayed);
        Assert.NotEqual(0, second.Meter.BatchesReplayed);
    }

    [Theory]
    [InlineData("in.ndjson")]
    [InlineData("in/")]
    public async Task Resume_InANewProcess_CountsReplayedBatchesUpToTheLinesKnownBelow(string input)
    {
        var path = Prepare(input);
        var first = await Checkpointing(path).ReadAsync();
        var (resume, later) = (first.Checkpoints[^5].Checkpoint, first.Checkpoints[^3].Checkpoint);

        // A new process: it only knows the number of lines that RunOpened brought up from below.
        var memory = new RunMemory();
        var second = Checkpointing(path, memory);
        memory.NoteLines(second.Open.RunId, later.Position.TotalLines);
        await second.ReadAsync(resume);

        var known = later.Position.TotalLines - resume.Position.TotalLines;
        Assert.InRange(second.Meter.BatchesReplayed, 1, second.BatchLines.Count - 1);
        Assert.Equal(second.LinesBeforeBatch.Count(before => before < known), second.Meter.BatchesReplayed);
    }

    private string Prepare(string input)
    {
        switch (input)
        {
            case "in/":
                Write("in/a.ndjson", Sample);
                Write("in/b.jsonl.gz", Gzip.Compress(Sample));
                Write("in/c.ndjson", Sample);
                return InFolder("in");
            default:
                return Write(input, input.EndsWith(".gz", StringComparison.Ordinal) ? Gzip.Compress(Sample) : Sample);
        }
    }

    /// <summary>Small batches, and a clock that advances with every frame, so that a checkpoint follows every second batch.</summary>
    private static IngestRun Checkpointing(string path, RunMemory? memory = null)
    {
        var time = new FakeTimeProvider();
        var run = new IngestRun(path)
        {
            Time = time, Memory = memory ?? new RunMemory(), BlockBytes = 200, OnFrame = (_, _) => time.Advance(TimeSpan.FromMilliseconds(1)),
        };
        run.Open.Options.BatchSize = 7;
        run.Open.Options.MaxLineBytes = 64;
        run.Open.Options.CheckpointIntervalMicros = 2000;
        run.Open.Options.LingerMicros = 10_000_000;
        return run;
    }
}
