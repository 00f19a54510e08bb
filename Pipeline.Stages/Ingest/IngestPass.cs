using Pipeline.Contracts.V1;
using Pipeline.Files;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Ingest.Cutting;
using Pipeline.Stages.Ingest.Input;
using Pipeline.Stages.Ingest.Pacing;
using Pipeline.Stages.Ingest.Positions;

namespace Pipeline.Stages.Ingest;

/// <summary>One pass over the input, from where the attempt begins to its end or to where it is drained.</summary>
internal sealed class IngestPass(
    StageContext context,
    RunOptions options,
    InputCatalog catalog,
    ReadRange range,
    ReadProgress progress,
    CheckpointPace checkpoints,
    string runId,
    IFrameOutput output,
    CancellationToken drain)
{
    private readonly long _furthest = context.Memory.LinesOf(runId);
    private readonly int _batchLines = options.BatchSize == 0 ? int.MaxValue : options.BatchSize;
    private readonly int _batchBytes = options.BatchSize == 0 ? IngestOptions.AutoBatchBytes : IngestOptions.MaxBatchBytes;
    private LinePace _pace = new(0, 0);
    private long _linesRead;
    private long _batchStarted;
    private long _checkpointBytes;

    /// <summary>Bytes read at once.</summary>
    public required int BlockBytes { get; init; }

    /// <summary>Reads, and closes with Checkpoint and EndOfInput or Control.</summary>
    public async ValueTask ReadAsync(CancellationToken cancellationToken)
    {
        VerifyFinishedFiles(cancellationToken);
        var now = context.Time.GetMicros();
        _pace = new LinePace(options.Rate, now);
        checkpoints.Skip(now);
        using var wake = CancellationTokenSource.CreateLinkedTokenSource(drain, cancellationToken);
        while (true)
        {
            using var reader = Open(progress.FileIndex, progress.Offset, cancellationToken);
            var name = catalog.IsFolder ? progress.Files[progress.FileIndex].Path : "";
            using var cutter = new LineCutter(reader, reader.Hash, name, progress.Offset, progress.Line, options.MaxLineBytes, BlockBytes);
            _checkpointBytes = _checkpointBytes == 0 ? progress.TotalBytes(cutter) : _checkpointBytes;
            // It records the files' lengths and times, so that an attempt after a failure reads the same input. Those of a slice come with its run.
            if (!range.IsSlice && progress.CheckpointId == 0)
                await SendCheckpointAsync(cutter, now, cancellationToken);

            var drained = await ReadFileAsync(reader, cutter, wake.Token, cancellationToken);
            if (drained || progress.FileIndex == progress.Files.Count - 1)
            {
                await output.WriteAsync(new MessageFrame(new StageInput { Checkpoint = progress.Checkpoint(cutter) }), cancellationToken);
                var last = drained
                    ? new StageInput { Control = new Control { Action = ControlAction.Drain } }
                    : new StageInput { EndOfInput = new EndOfInput() };
                await output.WriteAsync(new MessageFrame(last), cancellationToken);
                return;
            }

            progress.FinishFile(cutter);
        }
    }

    private void VerifyFinishedFiles(CancellationToken cancellationToken)
    {
        for (var index = 0; index < progress.FileIndex; index++)
        {
            using var reader = Open(index, range.FirstOf(index), cancellationToken);
            reader.AdvanceToEnd(progress.Files[index].PrefixHash, context.Meter, cancellationToken);
        }
    }

    private InputReader Open(int index, long offset, CancellationToken cancellationToken)
    {
        var file = progress.Files[index];
        var reader = InputReader.Open(catalog.PathOf(index), file, range.FirstOf(index), range.EndOf(index, progress.Files));
        try
        {
            reader.Advance(offset, file.PrefixHash, context.Meter, cancellationToken);
            progress.IsCompressed |= reader.IsCompressed;
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <returns>Whether it stopped because it is to drain.</returns>
    private async ValueTask<bool> ReadFileAsync(InputReader reader, LineCutter cutter, CancellationToken wake, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var now = context.Time.GetMicros();
                if (cutter.IsEmpty)
                {
                    // A paced line counts as read when it was due, so that a stall shows in the latency of all lines that it held up.
                    _batchStarted = _pace.IsPaced ? Math.Min(now, _pace.DueMicros(_linesRead)) : now;
                    if (!cutter.IsWithinLine && checkpoints.IsDue(now))
                        await SetCheckpointAsync(reader, cutter, now, cancellationToken);
                }

                var lineBefore = cutter.Line;
                var due = _pace.IsPaced ? _pace.Due(now) - _linesRead : long.MaxValue;
                var status = cutter.Cut(new CutLimits(_batchLines, _batchBytes, due));
                _linesRead += cutter.Line - lineBefore;
                switch (status)
                {
                    case CutStatus.NeedsData:
                        var read = cutter.Fill();
                        if (cutter.IsWithinLine)
                            context.Meter.FileBytesRead += read;

                        if (cutter.IsWithinLine || cutter.IsEmpty || context.Time.GetMicros() - _batchStarted <= options.LingerMicros)
                            continue;

                        break;
                    case CutStatus.BudgetSpent when !drain.IsCancellationRequested && await WaitAsync(cutter, wake, cancellationToken):
                        continue;
                    default:
                        break;
                }

                await HandOnAsync(cutter, status == CutStatus.Full && !_pace.IsPaced, cancellationToken);
                if (status == CutStatus.NeedsData)
                {
                    // The source is slow, and the batch has lingered. A paced pass does this when it waits.
                    await output.FlushAsync(cancellationToken);
                }

                if (status == CutStatus.End)
                {
                    reader.RequireUnchanged();
                    return drain.IsCancellationRequested && progress.FileIndex < progress.Files.Count - 1;
                }

                if (drain.IsCancellationRequested && !cutter.IsWithinLine)
                    return true;
            }
        }
        finally
        {
            context.Memory.NoteLines(runId, progress.TotalLines(cutter.Line));
        }
    }

    private ValueTask HandOnAsync(LineCutter cutter, bool more, CancellationToken cancellationToken)
    {
        if (cutter.Take(_batchStarted) is not { } frame)
            return ValueTask.CompletedTask;

        frame.More = more;
        context.Meter.Rejected += frame.Rejects.Count;
        if (progress.TotalLines(frame.FirstLine - 1) < _furthest)
            context.Meter.BatchesReplayed++;

        return output.WriteAsync(frame, cancellationToken);
    }

    private async ValueTask SetCheckpointAsync(InputReader reader, LineCutter cutter, long now, CancellationToken cancellationToken)
    {
        var bytes = progress.TotalBytes(cutter);
        if (bytes == _checkpointBytes)
        {
            checkpoints.Skip(now);
            return;
        }

        _checkpointBytes = bytes;
        reader.RequireUnchanged();
        await SendCheckpointAsync(cutter, now, cancellationToken);
    }

    private async ValueTask SendCheckpointAsync(LineCutter cutter, long now, CancellationToken cancellationToken)
    {
        var checkpoint = progress.Checkpoint(cutter);
        checkpoints.Set(checkpoint.Id, now);
        await output.WriteAsync(new MessageFrame(new StageInput { Checkpoint = checkpoint }), cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    /// <summary>Waits until there is something to do: lines are due that fill the batch, or it has lingered, or a checkpoint is due.</summary>
    /// <returns>False: the batch has lingered, or is to go out because of a drain.</returns>
    private async ValueTask<bool> WaitAsync(LineCutter cutter, CancellationToken wake, CancellationToken cancellationToken)
    {
        var now = context.Time.GetMicros();
        long until;
        if (cutter.IsEmpty)
        {
            until = Math.Min(_pace.DueMicros(_linesRead), progress.TotalBytes(cutter) == _checkpointBytes ? long.MaxValue : checkpoints.DueMicros);
        }
        else
        {
            var lingered = _batchStarted + options.LingerMicros;
            if (now >= lingered)
                return false;

            until = Math.Min(lingered, _pace.DueMicros(_linesRead + cutter.LinesToFill(_batchLines, _batchBytes) - 1));
        }

        if (until <= now)
            return true;

        await output.FlushAsync(cancellationToken);
        context.Meter.BeginWaiting();
        try
        {
            // Timers know milliseconds; a shorter wait would be none.
            var wait = TimeSpan.FromMilliseconds(Math.Clamp(((until - now) + 999) / 1000, 1, 1_000_000));
            await Task.Delay(wait, context.Time, wake);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            context.Meter.EndWaiting();
        }
    }
}
