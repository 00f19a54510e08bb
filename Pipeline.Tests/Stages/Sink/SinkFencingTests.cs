using Pipeline.Contracts;

namespace Pipeline.Tests.Stages.Sink;

public sealed class SinkFencingTests : IDisposable
{
    private readonly SinkRunScript _script = new();

    public void Dispose() => _script.Dispose();

    [Theory]
    [InlineData(3)]
    [InlineData(2)]
    public async Task Open_AttemptNumberNotAboveEarlier_IsFenced(long attempt)
    {
        await _script.RunAsync(3, lines: 50);

        var failure = await Assert.ThrowsAsync<StageException>(() => _script.RunAsync(attempt));
        Assert.Equal(FailureReasons.Fenced, failure.Failure.Reason);
        await _script.RunAsync(4);
        _script.AssertComplete();
    }

    [Fact]
    public async Task Process_LaterAttemptInSameProcess_FencesTheEarlierAtItsNextFrame()
    {
        await using var earlier = _script.Stage();
        var meter = _script.Meter;
        await _script.OpenAsync(earlier, 1);
        var frames = _script.Frames(null).Take(20).ToList();
        foreach (var frame in frames.SkipLast(1))
            await earlier.ProcessAsync(frame, _script, CancellationToken.None);

        await using var later = _script.Stage();
        var opened = await _script.OpenAsync(later, 2);
        foreach (var discarded in new[] { 1, 2 })
        {
            var failure = await Assert.ThrowsAsync<StageException>(() => earlier.ProcessAsync(frames[^1], _script, CancellationToken.None).AsTask());
            Assert.Equal(FailureReasons.Fenced, failure.Failure.Reason);
            Assert.Equal(discarded, meter.FramesDiscarded);
        }

        await _script.PlayAsync(later, opened.Resume);
        _script.AssertComplete();
    }

    /// <summary>A process learns of a later attempt in another one only from its claim file, which the test writes.</summary>
    [Fact]
    public async Task Process_ClaimedByAnotherProcess_IsFencedAndCommitsNothing()
    {
        var frames = _script.Frames(null).ToList();
        for (var at = 0; at < frames.Count; at++)
        {
            using var script = new SinkRunScript();
            await using var zombie = script.Stage();
            await script.OpenAsync(zombie, 1);
            var all = script.Frames(null).ToList();
            foreach (var frame in all.Take(at))
                await zombie.ProcessAsync(frame, script, CancellationToken.None);

            // As if written by another process: this one learns of the claim only from the file.
            File.WriteAllText(Path.Join(script.WorkFolder, "claim.2"), "");
            var answered = script.Answers.Count;
            var failure = await Record.ExceptionAsync(async () =>
            {
                foreach (var frame in all.Skip(at))
                    await zombie.ProcessAsync(frame, script, CancellationToken.None);
            });
            Assert.Equal(FailureReasons.Fenced, Assert.IsType<StageException>(failure).Failure.Reason);
            Assert.Equal(answered, script.Answers.Count);
            Assert.False(File.Exists(script.Results));

            await script.RunAsync(3);
            script.AssertComplete();
        }
    }

    [Fact]
    public async Task Complete_ClaimedByLaterAttempt_DoesNotPublish()
    {
        File.WriteAllText(_script.Results, "old");
        _script.Open.Options.Overwrite = true;
        var disk = new SimulatedDisk
        {
            OnOperation = what =>
            {
                if (what == "flush results")
                    File.WriteAllText(Path.Join(_script.WorkFolder, "claim.2"), "");
            },
        };

        var failure = await Assert.ThrowsAsync<StageException>(() => _script.RunAsync(1, disk));
        Assert.Equal(FailureReasons.Fenced, failure.Failure.Reason);
        Assert.Equal("old", File.ReadAllText(_script.Results));
        await _script.RunAsync(3);
        _script.AssertComplete();
    }

    [Fact]
    public async Task Process_LaterAttemptBeganWhileItCommits_DeletesNothingThatOneNeeds()
    {
        await _script.RunAsync(1, lines: 20);
        await _script.RunAsync(2, lines: 40);
        var later = Task.CompletedTask;
        var disk = new SimulatedDisk();
        disk.OnOperation = what =>
        {
            // It has seen that it is the newest, and its checkpoint is in place.
            if (what == "flush folder for checkpoint" && !File.Exists(Path.Join(_script.WorkFolder, "claim.4")))
                later = _script.RunAsync(4, lines: 60);
        };

        var failure = await Assert.ThrowsAsync<StageException>(() => _script.RunAsync(3, disk));
        await later;

        Assert.Equal(FailureReasons.Fenced, failure.Failure.Reason);
        Assert.Equal(
            ["checkpoint.3", "checkpoint.4"],
            Directory.EnumerateFiles(_script.WorkFolder, "checkpoint.*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(60, (await _script.RunAsync(5)).Resume.OpenPosition()?.Line);
        _script.AssertComplete();
    }

    [Fact]
    public async Task Complete_EarlierAttemptWroteOn_LeavesItsBytesOut()
    {
        await using var zombie = _script.Stage();
        await _script.OpenAsync(zombie, 1);
        foreach (var frame in _script.Frames(null).Take(30))
            await zombie.ProcessAsync(frame, _script, CancellationToken.None);

        await _script.RunAsync(2, lines: 70);
        foreach (var path in Directory.GetFiles(_script.WorkFolder, "*.1.part"))
            await File.AppendAllTextAsync(path, "waste");

        await _script.RunAsync(3);
        _script.AssertComplete();
    }
}
