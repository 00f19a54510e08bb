using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts.V1;

namespace Pipeline.Tests.Stages.Ingest;

public sealed class IngestPacingTests : FolderTests
{
    [Theory]
    [InlineData(10, 5_000, 6)]
    [InlineData(10, 1_000_000, 10)]
    [InlineData(0, 7_000, 8)]
    [InlineData(1, 5_000, 1)]
    [InlineData(10, 0, 1)]
    public async Task ReadAsync_RateIsSet_SendsLinesWhenDueAndWithinTheLinger(int batchSize, long lingerMicros, int linesPerBatch)
    {
        var time = new JumpingTime();
        var start = time.Micros;
        var run = Paced(time, batchSize, lingerMicros);
        var lateness = RecordLateness(run, time);
        await run.ReadAsync().WaitAsync(Waiting.Limit);

        Assert.All(run.BatchLines.SkipLast(1), count => Assert.Equal(linesPerBatch, count));
        Assert.Equal(Enumerable.Range(0, run.BatchLines.Count).Select(i => start + (i * linesPerBatch * 1000L)), run.ReadMicros);
        Assert.All(lateness, late => Assert.InRange(late, 0, lingerMicros));
        Assert.InRange(time.Micros - start, 99_000, 99_000 + lingerMicros);
        // This clock stands still but for waits.
        Assert.Equal(time.Micros - start, run.Edge.Micros(run.Edge.WaitingToReceive));
        // And once for the checkpoint with which it begins.
        Assert.Equal(time.Waits.Count + 1, run.Flushes);
    }

    [Fact]
    public async Task ReadAsync_TimersOfAClockOf15Milliseconds_BatchesAreLateByOneTickAtMost()
    {
        const long TickMicros = 15_625;
        const long LingerMicros = 5_000;
        var time = new JumpingTime(tick: TimeSpan.FromMicroseconds(TickMicros));
        var start = time.Micros;
        var run = Paced(time, batchSize: 0, LingerMicros);
        var lateness = RecordLateness(run, time);
        await run.ReadAsync().WaitAsync(Waiting.Limit);

        Assert.Equal(100, run.BatchLines.Sum());
        Assert.All(lateness, late => Assert.InRange(late, 0, LingerMicros + TickMicros));
        // Lateness does not add up: each wait ends at an absolute time, not a duration after the wait before it.
        Assert.InRange(time.Micros - start, 99_000, 99_000 + LingerMicros + TickMicros);
    }

    [Fact]
    public async Task ReadAsync_WaitingForLines_StillSendsCheckpoints()
    {
        var run = Paced(new JumpingTime(), 1, 0);
        run.Open.Options.CheckpointIntervalMicros = 10_000;
        await run.ReadAsync().WaitAsync(Waiting.Limit);

        Assert.InRange(run.Checkpoints.Count, 11, 12);
    }

    [Fact]
    public async Task Drain_WaitingForLines_SendsWhatWasReadAndStops()
    {
        var time = new FakeTimeProvider();
        var run = Paced(time, 10, 1_000_000);
        var reading = run.ReadAsync();
        run.Drain();
        await reading.WaitAsync(Waiting.Limit);

        Assert.Equal([1], run.BatchLines);
        Assert.Equal([0, 1], run.Checkpoints.Select(checkpoint => checkpoint.Checkpoint.Position.Line));
        Assert.Equal(ControlAction.Drain, run.Messages[^1].Control.Action);
    }

    // Of each batch, as it is sent.
    private static List<long> RecordLateness(IngestRun run, JumpingTime time)
    {
        var lateness = new List<long>();
        run.OnFrame = (_, _) =>
        {
            if (run.ReadMicros.Count > lateness.Count)
                lateness.Add(time.Micros - run.ReadMicros[^1]);
        };
        return lateness;
    }

    private IngestRun Paced(TimeProvider time, int batchSize, long lingerMicros)
    {
        var run = new IngestRun(Write("in.ndjson", string.Concat(Enumerable.Range(0, 100).Select(i => $"{i}\n")))) { Time = time };
        run.Open.Options.BatchSize = batchSize;
        run.Open.Options.LingerMicros = lingerMicros;
        run.Open.Options.Rate = 1000;
        return run;
    }
}
