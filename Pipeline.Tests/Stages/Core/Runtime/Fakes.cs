using System.Collections.Concurrent;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Core.Runtime;

/// <summary>
/// A source of line frames of one line each; `before` runs before each one and gets the drain token. A checkpoint is sent at the end, and
/// one after the line `checkpointAfter`, in the same write as the next line.
/// </summary>
internal sealed class FakeSource(
    int frames, Func<int, CancellationToken, Task>? before = null, int padding = 0, bool more = false, int checkpointAfter = -1,
    InputFile[]? files = null) : ISource
{
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) => ValueTask.FromResult(below!);

    public async ValueTask ReadAsync(IFrameOutput output, CancellationToken drain, CancellationToken cancellationToken)
    {
        var i = 0;
        for (; i < frames && !drain.IsCancellationRequested; i++)
        {
            if (before is not null && (checkpointAfter < 0 || i > checkpointAfter + 1))
            {
                await output.FlushAsync(cancellationToken);
                await before(i, drain).WaitAsync(cancellationToken);
            }

            var line = System.Text.Encoding.UTF8.GetBytes($"line {i}{new string(' ', padding)}\n");
            var buffer = SharedBuffer.Rent(line.Length);
            line.CopyTo(buffer.Array, 0);
            await output.WriteAsync(new LineFrame(buffer, 0, line.Length) { Count = 1, FirstLine = i + 1, More = more }, cancellationToken);
            if (i == checkpointAfter)
                await CheckpointAsync(1, i + 1);
        }

        await CheckpointAsync(checkpointAfter < 0 ? 1 : 2, i);
        await output.WriteAsync(
            new MessageFrame(i == frames
                ? new StageInput { EndOfInput = new EndOfInput() }
                : new StageInput { Control = new Control { Action = ControlAction.Drain } }),
            cancellationToken);

        ValueTask CheckpointAsync(long id, long line) => output.WriteAsync(
            new MessageFrame(new StageInput
            {
                Checkpoint = new Checkpoint { Id = id, Position = Opaque.Of(new Position { Line = line, TotalLines = line, Files = { files ?? [] } }) },
            }),
            cancellationToken);
    }

    /// <summary>Ids of the checkpoints that were reported to it as committed.</summary>
    public ConcurrentQueue<long> CommittedCheckpoints { get; } = [];

    public void Committed(long checkpoint) => CommittedCheckpoints.Enqueue(checkpoint);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Passes every frame on unchanged, and requests one more column.</summary>
internal sealed class FakeTransform(Func<Frame, Task>? before = null) : ITransform
{
    /// <summary>Whether it takes pages of state, as Aggregate does.</summary>
    public bool TakesState { get; init; }

    /// <summary>How its opening is held up.</summary>
    public Func<CancellationToken, Task> Opening { get; init; } = _ => Task.CompletedTask;

    public bool Restore(OpenRun open, Checkpoint page) => TakesState;

    public async ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        await Opening(cancellationToken);
        below!.Columns.Add("fake");
        return below;
    }

    public async ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        if (before is not null)
            await before(frame).WaitAsync(cancellationToken);

        await output.WriteAsync(frame, cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Collects lines and answers as Sink does; `position` makes what it answers of a checkpoint's.</summary>
internal sealed class FakeSink(StageContext context, List<string> lines, Func<Opaque, Opaque>? position = null) : ITransform
{
    public IEnumerable<Checkpoint> StoredPages { get; init; } = [];

    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken) =>
        below is null ? ValueTask.FromResult(new RunOpened { Columns = { "value" } }) : throw new InvalidOperationException("The sink has nobody below.");

    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        using (frame)
        {
            switch (frame)
            {
                case LineFrame batch:
                    lines.Add(System.Text.Encoding.UTF8.GetString(batch.Data));
                    break;
                case MessageFrame { Message.Checkpoint: { } checkpoint }:
                    context.Answers.Answer(new StageOutput
                    {
                        CheckpointCommitted = new CheckpointCommitted { Id = checkpoint.Id, Position = position?.Invoke(checkpoint.Position) },
                    });
                    break;
                case MessageFrame { Message: { } message } when message.EndOfInput is not null || message.Control is not null:
                    context.Answers.Answer(new StageOutput
                    {
                        RunCompleted = new RunCompleted { Drained = message.Control is not null, Counts = new Counts { Lines = lines.Count } },
                    });
                    break;
                default:
                    throw new InvalidOperationException($"Unexpected {frame.GetType().Name}.");
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
