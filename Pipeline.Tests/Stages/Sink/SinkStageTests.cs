using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Sink.Checkpoints;
using Pipeline.Stages.Sink.Durability;

namespace Pipeline.Tests.Stages.Sink;

public sealed class SinkStageTests : IDisposable
{
    private readonly SinkRunScript _script = new();

    public void Dispose() => _script.Dispose();

    [Fact]
    public async Task Run_Complete_WritesBothFilesAndReportsItsCounts()
    {
        await _script.RunAsync(1);

        _script.AssertComplete();
        var completed = _script.Answers[^1].RunCompleted;
        Assert.Equal((_script.Results, _script.Rejects, false), (completed.Output, completed.Rejects, completed.Drained));
        Assert.Equal(SinkRunScript.Lines, completed.Counts.Lines);
        Assert.Equal(File.ReadLines(_script.Results).Count(line => line.StartsWith("{\"key\"", StringComparison.Ordinal)), _script.Meter.GroupsIn);
        Assert.NotEqual(0, _script.Meter.GroupsIn);
        Assert.Equal(File.ReadAllLines(_script.Rejects).Length, completed.Counts.Rejected);
        Assert.Equal(Enumerable.Range(1, 5).Select(id => (long)id), _script.Answers.SkipLast(1).Select(answer => answer.CheckpointCommitted.Id));
    }

    [Fact]
    public async Task Complete_StateTakenSlowly_CountsTheTimeAfterIt()
    {
        using var script = new SinkRunScript { PageTime = TimeSpan.FromMinutes(1) };
        await script.RunAsync(1, lines: 50);

        await script.RunAsync(2);

        Assert.NotEqual(script.Time.Start, script.Time.GetUtcNow());
        Assert.Equal(0, script.Answers[^1].RunCompleted.ElapsedMicros);
    }

    [Fact]
    public async Task Complete_MuchToWrite_CountsWhatItReadsAndWritesMeanwhile()
    {
        await _script.RunAsync(1, lines: 50);
        Assert.Equal((0, 0), (_script.Meter.FileBytesRead, _script.Meter.FileBytesWritten));

        await _script.RunAsync(2);

        Assert.Equal(new FileInfo(_script.Results).Length + new FileInfo(_script.Rejects).Length, _script.Meter.FileBytesWritten);
        Assert.NotEqual(0, _script.Meter.FileBytesRead);
    }

    [Fact]
    public async Task Complete_DiedBeforeItsNote_CountsThePublishedFilesAsRead()
    {
        var disk = new SimulatedDisk();
        disk.OnOperation = what => disk.FailAt = what == "flush folder for results" ? disk.Operations + 1 : 0;
        await Assert.ThrowsAsync<StageException>(() => _script.RunAsync(1, disk));
        var published = new FileInfo(_script.Results).Length + new FileInfo(_script.Rejects).Length;

        await _script.RunAsync(2);

        Assert.InRange(_script.Meter.FileBytesRead, 2 * published, long.MaxValue);
        _script.AssertComplete();
    }

    [Fact]
    public async Task Run_WithoutRejects_RemovesAnEarlierRejectsFile()
    {
        using var script = new SinkRunScript { HasRejects = false };
        File.WriteAllText(script.Rejects, "stale");
        script.Open.Options.Overwrite = true;
        await script.RunAsync(1);

        script.AssertComplete();
        Assert.Equal("", script.Answers[^1].RunCompleted.Rejects);
    }

    [Fact]
    public async Task Run_NotYetComplete_KeepsEarlierResults()
    {
        File.WriteAllText(_script.Results, "old");
        _script.Open.Options.Overwrite = true;
        await _script.RunAsync(1, lines: 50);
        Assert.Equal("old", File.ReadAllText(_script.Results));
        Assert.False(File.Exists(_script.Rejects));

        await _script.RunAsync(2);
        _script.AssertComplete();
    }

    [Fact]
    public async Task Complete_OutputInGz_IsCompressedAndTheSameAfterADrain()
    {
        await _script.RunAsync(1);
        var (results, rejects) = (File.ReadAllBytes(_script.Results), File.ReadAllBytes(_script.Rejects));
        var compressed = new List<byte[]>();
        foreach (var stop in new[] { 0, 50, 77 })
        {
            using var script = new SinkRunScript();
            script.Open.Options.Output += ".gz";
            if (stop > 0)
                await script.RunAsync(1, lines: stop);
            await script.RunAsync(2);

            Assert.Equal(script.Rejects + ".gz", script.Answers[^1].RunCompleted.Rejects);
            Assert.Equal(rejects, Gzip.Read(script.Rejects + ".gz"));
            Assert.Equal(results, Gzip.Read(script.Results + ".gz"));
            compressed.Add(File.ReadAllBytes(script.Results + ".gz"));
        }

        Assert.Equal(compressed[0], compressed[1]);
        Assert.Equal(compressed[0], compressed[2]);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(50)]
    [InlineData(99)]
    public async Task Open_AfterDrain_ResumesWhereItStopped(int lines)
    {
        await _script.RunAsync(1, lines: lines);
        var drained = _script.Answers[^1].RunCompleted;
        Assert.True(drained.Drained);
        Assert.Equal("", drained.Output);
        Assert.Equal(lines, drained.Counts.Lines);

        var opened = await _script.RunAsync(2);
        Assert.Equal(lines, opened.Resume.OpenPosition()?.Line);
        _script.AssertComplete();
    }

    [Fact]
    public async Task Open_AfterCompletion_CompletesAgainWithoutRewriting()
    {
        await _script.RunAsync(1);
        var written = File.GetLastWriteTimeUtc(_script.Results);
        await _script.RunAsync(2);
        await _script.RunAsync(7);

        _script.AssertComplete();
        Assert.Equal(written, File.GetLastWriteTimeUtc(_script.Results));
        var first = _script.Answers.First(answer => answer.RunCompleted is not null).RunCompleted;
        Assert.Equal(first, _script.Answers[^1].RunCompleted);
    }

    [Fact]
    public async Task Open_OutputDeletedAfterCompletion_FailsAsCorrupt()
    {
        await _script.RunAsync(1);
        File.Delete(_script.Results);

        var failure = await Assert.ThrowsAsync<StageException>(() => _script.RunAsync(2));
        Assert.Equal(FailureReasons.CheckpointCorrupt, failure.Failure.Reason);
    }

    [Fact]
    public async Task Process_CheckpointWithWrongLineCount_FailsAndCommitsNothing()
    {
        await using var stage = _script.Stage();
        await _script.OpenAsync(stage, 1);
        foreach (var frame in _script.Frames(null))
        {
            if (frame is MessageFrame { Message.Checkpoint: { More: false } checkpoint })
            {
                var position = checkpoint.OpenPosition()!;
                position.TotalLines++;
                checkpoint.Position = Opaque.Of(position);
                var failure = await Assert.ThrowsAsync<StageException>(() => stage.ProcessAsync(frame, _script, CancellationToken.None).AsTask());
                Assert.Equal(FailureReasons.Internal, failure.Failure.Reason);
                break;
            }

            await stage.ProcessAsync(frame, _script, CancellationToken.None);
        }

        Assert.Empty(_script.Answers);
        Assert.False(File.Exists(Path.Join(_script.WorkFolder, "checkpoint.1")));
    }

    [Fact]
    public async Task Process_EndOrDrainWithoutCheckpointBefore_IsAProtocolViolation()
    {
        foreach (var last in (StageInput[])[new() { EndOfInput = new() }, new() { Control = new() { Action = ControlAction.Drain } }])
            await RequireViolationAsync(new EventFrame { Rejects = { new Reject { Line = 1, Reason = "x" } } }, new MessageFrame(last));
    }

    [Fact]
    public async Task Process_FrameOfEventsOrLines_IsAProtocolViolation()
    {
        foreach (var frame in new Frame[] { new EventFrame { Count = 1 }, new LineFrame(SharedBuffer.Rent(1), 0, 0) })
            await RequireViolationAsync(frame);
    }

    [Fact]
    public async Task Process_MessageBetweenCheckpointPages_IsAProtocolViolation()
    {
        foreach (var other in new StageInput[] { new() { WorkItems = new WorkItemBatch() }, new() { EndOfInput = new EndOfInput() } })
        {
            var page = new StageInput { Checkpoint = new Checkpoint { Id = 1, More = true } };
            await RequireViolationAsync(new MessageFrame(page), new MessageFrame(other));
        }
    }

    [Fact]
    public async Task Open_TemporaryFilesOfDeadAttempts_AreDeleted()
    {
        await _script.RunAsync(1, lines: 45);
        foreach (var name in new[] { "checkpoint.2.tmp", "groups.2.tmp", "completed.2.tmp" })
            File.WriteAllText(Path.Join(_script.WorkFolder, name), "half");

        await using var stage = _script.Stage();
        await _script.OpenAsync(stage, 3);

        Assert.Empty(Directory.EnumerateFiles(_script.WorkFolder, "*.tmp"));
    }

    [Fact]
    public async Task Process_FirstCheckpointOfAnAttempt_DeletesThoseBeforeTheOneResumedFrom()
    {
        await _script.RunAsync(1, lines: 20);
        await _script.RunAsync(2, lines: 40);
        await _script.RunAsync(3, lines: 60);
        Assert.Equal(["checkpoint.2", "checkpoint.3"], Checkpoints());

        await using (var stage = _script.Stage())
            await _script.OpenAsync(stage, 4);
        Assert.Equal(["checkpoint.2", "checkpoint.3"], Checkpoints());

        await _script.RunAsync(5, lines: 80);
        Assert.Equal(["checkpoint.3", "checkpoint.5"], Checkpoints());
        await _script.RunAsync(6);
        _script.AssertComplete();

        IEnumerable<string?> Checkpoints() =>
            Directory.EnumerateFiles(_script.WorkFolder, "checkpoint.*").Select(Path.GetFileName).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void TryOpen_CheckpointOfManyPages_DecodesTheLastOneOnly()
    {
        using var checkpoint = Stored(file =>
        {
            file.WriteInt32(3);
            file.Write([0xFF, 0xFF, 0xFF]);
            StoredCheckpoint.Write(file, new CheckpointPage { Id = 7 });
        });

        Assert.Equal(7, checkpoint!.Last.Id);
        Assert.Throws<InvalidProtocolBufferException>(() => checkpoint.Pages().Count());
    }

    [Theory]
    [InlineData(-1, typeof(OverflowException))]
    [InlineData(1_000, typeof(EndOfStreamException))]
    public void TryOpen_PageOfNoPossibleLength_Fails(int length, Type exception)
    {
        Assert.Throws(exception, () => Stored(file =>
        {
            StoredCheckpoint.Write(file, new CheckpointPage { Id = 7, More = true });
            file.WriteInt32(length);
        }));
    }

    [Theory]
    [InlineData("newest damaged", 45)]
    [InlineData("newest's segment cut", 45)]
    [InlineData("all damaged", -1)]
    public async Task Open_DamagedCheckpoint_ResumesFromAnEarlierOneOrFails(string how, int resumesAt)
    {
        await _script.RunAsync(1, lines: 45);
        await _script.RunAsync(2, lines: 90);
        switch (how)
        {
            case "newest damaged":
                Damage("checkpoint.2");
                break;
            case "newest's segment cut":
                File.WriteAllText(Path.Join(_script.WorkFolder, "rejects.2.part"), "");
                break;
            default:
                Damage("checkpoint.1");
                Damage("checkpoint.2");
                break;
        }

        if (resumesAt < 0)
        {
            var failure = await Assert.ThrowsAsync<StageException>(() => _script.RunAsync(3));
            Assert.Equal(FailureReasons.CheckpointCorrupt, failure.Failure.Reason);
            return;
        }

        var opened = await _script.RunAsync(3);
        Assert.Equal(resumesAt, opened.Resume.OpenPosition()?.Line);
        _script.AssertComplete();
    }

    [Fact]
    public async Task TryOpen_CheckpointDamagedOrTruncatedAnywhere_ReturnsNull()
    {
        await _script.RunAsync(1, lines: 45);
        var path = Path.Join(_script.WorkFolder, "checkpoint.1");
        var whole = File.ReadAllBytes(path);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x10;
            File.WriteAllBytes(path, damaged);
            Assert.Null(StoredCheckpoint.TryOpen(path));
            File.WriteAllBytes(path, whole[..at]);
            Assert.Null(StoredCheckpoint.TryOpen(path));
        }
    }

    // The last of the frames is refused.
    private static async Task RequireViolationAsync(params Frame[] frames)
    {
        using var script = new SinkRunScript();
        await using var stage = script.Stage();
        await script.OpenAsync(stage, 1);
        foreach (var frame in frames.SkipLast(1))
            await stage.ProcessAsync(frame, script, CancellationToken.None);

        var failure = await Assert.ThrowsAsync<StageException>(() => stage.ProcessAsync(frames[^1], script, CancellationToken.None).AsTask());

        Assert.Equal(FailureReasons.ProtocolViolation, failure.Failure.Reason);
    }

    private StoredCheckpoint? Stored(Action<SealedFile> writePages)
    {
        var path = Path.Join(_script.Folder.Path, "checkpoint.1");
        using (var file = StoredCheckpoint.Create(DurableFiles.Instance, path, 1, []))
        {
            writePages(file);
            file.Seal();
        }

        return StoredCheckpoint.TryOpen(path);
    }

    private void Damage(string name) => TestFolder.Damage(Path.Join(_script.WorkFolder, name));
}
