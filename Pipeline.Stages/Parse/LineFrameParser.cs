using System.Text;
using Google.Protobuf;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Parse.Events;
using Pipeline.Stages.Parse.Lines;
using Pipeline.Stages.Parse.WorkItems;

namespace Pipeline.Stages.Parse;

/// <summary>
/// Turns line frames into event frames and work item batches. Every line becomes one event, work item or reject. Frames come
/// out one at a time, as soon as each is full, so that no line frame, whatever is in it, makes much more of itself in memory.
/// </summary>
internal sealed class LineFrameParser
{
    private readonly EventFrameBuilder _events;
    private readonly WorkItemBatcher _items = new();
    private readonly LineParser _lineParser;
    private readonly WorkItemParser _itemParser = new();
    private readonly StageMeter _meter;
    private LineFrame? _frame;
    private LineCursor _cursor;
    private int _nextReject;

    /// <summary>A parser for one attempt.</summary>
    /// <param name="columns">Columns to build.</param>
    /// <param name="allowedTypes">Types that an event may have; empty = any.</param>
    /// <param name="meter">Counts rejects.</param>
    public LineFrameParser(IReadOnlyCollection<string> columns, IReadOnlyCollection<string> allowedTypes, StageMeter meter)
    {
        _meter = meter;
        _events = new EventFrameBuilder(columns);
        _lineParser = new LineParser(allowedTypes.Count == 0 ? null : CodesOf(allowedTypes));
    }

    /// <summary>Begins a frame; the one before has been read to its end, or is given up.</summary>
    public void Begin(LineFrame frame)
    {
        _events.Take(0)?.Dispose();
        _items.Take(0)?.Dispose();
        _frame = frame;
        _cursor = new LineCursor(frame);
        _nextReject = 0;
    }

    /// <summary>The next frame that comes of the lines, or null at their end.</summary>
    /// <exception cref="StageException">The frame has not as many lines as it says.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Frame? Next(CancellationToken cancellationToken)
    {
        if (_frame is not { } frame)
        {
            return null;
        }

        cancellationToken.ThrowIfCancellationRequested();
        while (_cursor.TryNext(frame, out var line))
        {
            if (Take(frame, line, cancellationToken) is { } full)
            {
                return full;
            }
        }

        if (_cursor.Index != frame.Count)
        {
            throw new StageException(
                FailureReasons.ProtocolViolation,
                $"A batch of lines says that it holds {frame.Count} lines and holds {_cursor.Index}, from line {frame.FirstLine} on. Mend the stage above.");
        }

        return TakeRest(frame);
    }

    // Parses one line; a frame that is full because of it.
    private Frame? Take(LineFrame frame, ReadOnlySpan<byte> line, CancellationToken cancellationToken)
    {
        var values = default(EventValues);
        var verdict = _lineParser.Parse(line, ref values);
        if (verdict == Verdict.Event)
        {
            if (_events.TryAdd(values, _cursor.Number, _cursor.Offset))
            {
                return null;
            }

            AddRejectsBefore(frame, _cursor.Number);
            var before = _events.Take(frame.ReadMicros);
            _events.TryAdd(values, _cursor.Number, _cursor.Offset);
            return before;
        }

        WorkItem? item = null;
        if (verdict == Verdict.WorkItem)
        {
            verdict = _itemParser.Parse(line, _lineParser.Fields, _cursor.Number, out item, cancellationToken);
        }

        return item is null ? TakeReject(frame, line, verdict) : TakeItem(frame, item);
    }

    private Frame? TakeItem(LineFrame frame, WorkItem item)
    {
        if (_items.TryAdd(item))
        {
            return null;
        }

        var before = _items.Take(frame.ReadMicros);
        _items.TryAdd(item);
        return before;
    }

    private Frame? TakeReject(LineFrame frame, ReadOnlySpan<byte> line, Verdict verdict)
    {
        AddRejectsBefore(frame, _cursor.Number);
        _meter.Rejected++;
        _events.Add(new Reject
        {
            Line = _cursor.Number,
            Offset = _cursor.Offset,
            Reason = verdict.Reason(),
            Raw = ByteString.CopyFrom(line),
            File = frame.File,
        });
        return _events.IsFull ? _events.Take(frame.ReadMicros) : null;
    }

    private Frame? TakeRest(LineFrame frame)
    {
        AddRejectsBefore(frame, long.MaxValue);
        if (_events.Take(frame.ReadMicros) is { } events)
        {
            return events;
        }

        _frame = null;
        return _items.Take(frame.ReadMicros);
    }

    // Rejects that came with the lines, up to that line: all rejects go on in order of line.
    private void AddRejectsBefore(LineFrame frame, long number)
    {
        for (; _nextReject < frame.Rejects.Count && frame.Rejects[_nextReject].Line < number; _nextReject++)
        {
            _events.Add(frame.Rejects[_nextReject]);
        }
    }

    private static TextCodes CodesOf(IReadOnlyCollection<string> texts)
    {
        var codes = new TextCodes();
        codes.Reset(new TextTable());
        foreach (var text in texts)
        {
            codes.GetOrAdd(Encoding.UTF8.GetBytes(text));
        }

        return codes;
    }
}
