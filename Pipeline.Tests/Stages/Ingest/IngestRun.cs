using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest;

namespace Pipeline.Tests.Stages.Ingest;

/// <summary>One attempt of IngestStage over a real file or folder, and everything that it handed on.</summary>
internal sealed class IngestRun(string input, params string[] roots) : IFrameOutput, IAnswerOutput
{
    private readonly CancellationTokenSource _drain = new();
    private IngestStage? _stage;

    public OpenRun Open { get; } = new()
    {
        RunId = Guid.NewGuid().ToString("N"),
        Attempt = 1,
        Options = new RunOptions { Input = input, MaxLineBytes = 1024 * 1024, LingerMicros = 5000, GroupBy = { "type" } },
    };

    public TimeProvider Time { get; init; } = new FakeTimeProvider();

    public int BlockBytes { get; init; } = 256 * 1024;

    /// <summary>Called with the number of each frame as it is written; may stop the attempt.</summary>
    public Action<IngestRun, int> OnFrame { get; set; } = (_, _) => { };

    public EdgeMeter Edge => field ??= new EdgeMeter(Time);

    public StageMeter Meter => field ??= new StageMeter { Edge = Edge };

    /// <summary>What the process remembers of earlier attempts.</summary>
    public RunMemory Memory { get; init; } = new();

    /// <summary>Lines kept, blank and rejected, by line.</summary>
    public List<CutLine> Lines { get; } = [];

    /// <summary>Kept lines of each batch.</summary>
    public List<int> BatchLines { get; } = [];

    public List<int> BatchBytes { get; } = [];

    /// <summary>Lines of all kinds that came before each batch in this attempt.</summary>
    public List<int> LinesBeforeBatch { get; } = [];

    public List<long> ReadMicros { get; } = [];

    /// <summary>Each checkpoint with the number of lines before it.</summary>
    public List<(CheckpointPage Checkpoint, int LinesBefore)> Checkpoints { get; } = [];

    public List<StageInput> Messages { get; } = [];

    public int Flushes { get; private set; }

    public void Drain() => _drain.Cancel();

    public async Task<IngestRun> ReadAsync(CheckpointPage? resume = null)
    {
        var context = new StageContext
        {
            Meter = Meter,
            Answers = this,
            Memory = Memory,
            Time = Time,
            Logger = NullLogger.Instance,
            Roots = roots.Length > 0 ? roots : [Path.GetDirectoryName(input)!],
        };
        await using var stage = new IngestStage(context) { BlockBytes = BlockBytes };
        _stage = stage;
        await stage.OpenAsync(Open, new RunOpened { Resume = resume?.ToCheckpoint() }, CancellationToken.None);
        await stage.ReadAsync(this, _drain.Token, CancellationToken.None);
        return this;
    }

    public async Task<Failure> FailAsync(CheckpointPage? resume = null) =>
        (await Assert.ThrowsAsync<StageException>(() => ReadAsync(resume))).Failure;

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        using (frame)
        {
            if (frame is LineFrame lines)
            {
                Take(lines);
            }
            else
            {
                var message = ((MessageFrame)frame).Message;
                Messages.Add(message);
                if (message.Checkpoint is { } checkpoint)
                {
                    Checkpoints.Add((checkpoint.ToPage(), Lines.Count));
                    _stage?.Committed(checkpoint.Id);
                }
            }
        }

        OnFrame(this, BatchLines.Count + Messages.Count);
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Flushes++;
        return ValueTask.CompletedTask;
    }

    public void Answer(StageOutput answer)
    {
    }

    private void Take(LineFrame frame)
    {
        LinesBeforeBatch.Add(Lines.Count);
        var (line, offset, position) = (frame.FirstLine, frame.FirstOffset, 0);
        var gaps = new Queue<Gap>(frame.Gaps);
        var rejects = new Queue<Reject>(frame.Rejects);
        for (var index = 0; index <= frame.Count; index++)
        {
            while (gaps.TryPeek(out var gap) && gap.Before == index)
                Skip(gaps.Dequeue());

            if (index < frame.Count)
            {
                var rest = frame.Data[position..];
                var end = rest.IndexOf((byte)'\n');
                var length = end < 0 ? rest.Length : end + 1;
                var content = end > 0 && rest[end - 1] == '\r' ? end - 1 : end < 0 ? length : end;
                Lines.Add(new CutLine(LineFate.Kept, frame.File, line, offset, Convert.ToHexString(rest[..content])));
                (line, offset, position) = (line + 1, offset + length, position + length);
            }
        }

        Assert.Equal(frame.Data.Length, position);
        Assert.Empty(gaps);
        Assert.Empty(rejects);
        BatchLines.Add(frame.Count);
        BatchBytes.Add(frame.Data.Length);
        ReadMicros.Add(frame.ReadMicros);

        void Skip(Gap gap)
        {
            var end = offset + gap.Bytes;
            for (var skipped = 0; skipped < gap.Lines; skipped++, line++)
            {
                var rejected = rejects.TryPeek(out var reject) && reject.Line == line;
                if (rejected)
                {
                    reject = rejects.Dequeue();
                    Assert.Equal("line_too_long", reject.Reason);
                    Lines.Add(new CutLine(LineFate.TooLong, reject.File, line, reject.Offset, Convert.ToHexString(reject.Raw.Span)));
                }
                else
                {
                    // A gap only gives the bytes of all its lines together: only the offset of its first line is known.
                    Lines.Add(new CutLine(LineFate.Blank, frame.File, line, skipped == 0 ? offset : -1, ""));
                }
            }

            offset = end;
        }
    }

    /// <summary>The reference, with offsets only where a batch gives them.</summary>
    public void AssertLines(IEnumerable<CutLine> expected)
    {
        var wanted = expected.ToList();
        Assert.Equal(wanted.Count, Lines.Count);
        for (var index = 0; index < wanted.Count; index++)
            Assert.Equal(Lines[index].Offset == -1 ? wanted[index] with { Offset = -1 } : wanted[index], Lines[index]);
    }
}
