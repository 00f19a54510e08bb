using System.Text;
using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Parse.Events;
using Pipeline.Stages.Parse.Lines;
using Pipeline.Stages.Parse.Shapes;
using Pipeline.Stages.Parse.WorkItems;

namespace Pipeline.Stages.Parse;

/// <summary>
/// Turns line frames into event frames and work item batches. Every line becomes one event, work item or reject. Frames come
/// out one at a time, as soon as each is full, so that no line frame, whatever is in it, makes much more of itself in memory.
/// </summary>
internal sealed class LineFrameParser
{
    // Fewer events in a frame than this wait for those of the next lines, where these follow at once: a frame costs the stages
    // below the same whatever it holds.
    private const int EnoughEvents = 8 * 1024;

    // So it is with bytes of lines, which may come out again as they went in: a message holds 16 MiB. The builder counts those of rejects.
    private const int EnoughBytes = 1 << 20;

    private readonly EventFrameBuilder _events;
    private readonly WorkItemBatcher _items = new();
    private readonly LineReader _lines = new();
    private readonly ShapeCache _shapes = new();
    private readonly LineParser _lineParser;
    private readonly TextCodes? _allowedTypes;
    private readonly WorkItemParser _itemParser = new();
    private readonly StageMeter _meter;
    private readonly bool _gathers;
    private LineFrame? _frame;
    private long _readMicros;
    private long _gatheredBytes;
    private string _file = "";
    private int _nextReject;

    /// <summary>A parser for one attempt.</summary>
    /// <param name="columns">Columns to build.</param>
    /// <param name="allowedTypes">Types that an event may have; empty = any.</param>
    /// <param name="meter">Counts rejects.</param>
    /// <param name="gathers">Events of several frames of lines may come out in one frame, where the batch size is automatic.</param>
    public LineFrameParser(IReadOnlyCollection<string> columns, IReadOnlyCollection<string> allowedTypes, StageMeter meter, bool gathers)
    {
        _meter = meter;
        _gathers = gathers;
        _events = new EventFrameBuilder(columns);
        _allowedTypes = allowedTypes.Count == 0 ? null : CodesOf(allowedTypes);
        _lineParser = new LineParser(_allowedTypes);
    }

    /// <summary>Begins a frame; the one before has been read to its end.</summary>
    public void Begin(LineFrame frame)
    {
        _readMicros = _events.IsEmpty ? frame.ReadMicros : _readMicros;
        _gatheredBytes += frame.Data.Length;
        _file = frame.File;
        _frame = frame;
        _lines.Begin(frame);
        _nextReject = 0;
    }

    /// <summary>The next frame that comes of the lines, or null at their end.</summary>
    /// <exception cref="StageException">The frame has not as many lines as it says.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Frame? Next(CancellationToken cancellationToken)
    {
        if (_frame is not { } frame)
            return null;

        cancellationToken.ThrowIfCancellationRequested();
        do
        {
            while (_lines.At < _lines.End)
            {
                TakeFitting();
                if (_lines.BeforeGap > 0 && _lines.At < _lines.End && TakeOther(frame, cancellationToken) is { } full)
                    return full;
            }
        }
        while (_lines.MoveNext());

        if (_lines.Index != frame.Count)
        {
            throw new StageException(
                FailureReasons.ProtocolViolation,
                $"a batch of lines that says that it holds {frame.Count} lines and holds {_lines.Index}, from line {frame.FirstLine} on");
        }

        return TakeRest(frame);
    }

    /// <summary>What the frames before have left for the next one; null: nothing.</summary>
    /// <param name="next">Lines that follow; where they are of the same file, what is left stays for them: numbers of lines are a file's own.</param>
    public EventFrame? TakeGathered(LineFrame? next = null)
    {
        if (next?.File == _file)
            return null;

        _gatheredBytes = 0;
        return _events.Take(_readMicros, _file);
    }

    // The hot path: events that fit a known shape, until a line does not or a gap comes.
    private unsafe void TakeFitting()
    {
        var number = _lines.Number;
        var offset = _lines.Offset;
        var most = _lines.BeforeGap;
        var taken = 0;
        fixed (byte* bytes = _lines.Bytes)
        {
            var values = default(EventValues);
            var line = bytes + _lines.At;
            var end = bytes + _lines.End;
            while (line < end && taken < most)
            {
                var next = _shapes.Match(line, ref values);
                if (next == null || (_allowedTypes is not null && !_allowedTypes.Contains(values.Type)) || !_events.TryAdd(values, number + taken, offset))
                    break;

                offset += next - line;
                line = next;
                taken++;
            }

            _lines.Advance(taken, (int)(line - bytes));
        }
    }

    // Any line; a frame that is full because of it.
    private Frame? TakeOther(LineFrame frame, CancellationToken cancellationToken)
    {
        var line = _lines.Peek(out var next);
        var number = _lines.Number;
        var offset = _lines.Offset;
        _lines.Advance(1, next);

        var values = default(EventValues);
        var verdict = _lineParser.Parse(line, ref values);
        if (verdict == Verdict.Event)
        {
            _shapes.Learn(line, _lineParser.Fields);
            return TakeEvent(frame, values, number, offset);
        }

        WorkItem? item = null;
        if (verdict == Verdict.WorkItem)
            verdict = _itemParser.Parse(line, _lineParser.Fields, number, out item, cancellationToken);

        if (item is not null)
            return TakeItem(frame, item);

        return TakeReject(frame, new Reject
        {
            Line = number,
            Offset = offset,
            Reason = verdict.Reason(),
            Raw = ByteString.CopyFrom(line),
            File = frame.File,
        });
    }

    private Frame? TakeEvent(LineFrame frame, in EventValues values, long number, long offset)
    {
        if (_events.TryAdd(values, number, offset))
            return null;

        // The stages below may reject events of this frame: rejects of lines before the cut go with them.
        AddRejectsBefore(frame, number);
        var before = TakeEvents(frame);
        _events.TryAdd(values, number, offset);
        return before;
    }

    private Frame? TakeItem(LineFrame frame, WorkItem item)
    {
        if (_items.TryAdd(item))
            return null;

        var before = _items.Take(frame.ReadMicros);
        _items.TryAdd(item);
        return before;
    }

    private Frame? TakeReject(LineFrame frame, Reject reject)
    {
        AddRejectsBefore(frame, reject.Line);
        _meter.Rejected++;
        _events.Add(reject);
        return _events.IsFull ? TakeEvents(frame) : null;
    }

    private Frame? TakeRest(LineFrame frame)
    {
        AddRejectsBefore(frame, long.MaxValue);
        var waits = _gathers && frame.More && _events.Count < EnoughEvents && _gatheredBytes < EnoughBytes && !_events.IsFull && _items.IsEmpty;
        if (!waits && TakeEvents(frame) is { } events)
            return events;

        _frame = null;
        return _items.Take(frame.ReadMicros);
    }

    // What comes after is of this frame's lines.
    private EventFrame? TakeEvents(LineFrame frame)
    {
        var events = _events.Take(_readMicros, frame.File);
        _readMicros = frame.ReadMicros;
        _gatheredBytes = 0;
        return events;
    }

    // Rejects that came with the lines, up to that line: all rejects go on in order of line.
    private void AddRejectsBefore(LineFrame frame, long number)
    {
        for (; _nextReject < frame.Rejects.Count && frame.Rejects[_nextReject].Line < number; _nextReject++)
            _events.Add(frame.Rejects[_nextReject]);
    }

    private static TextCodes CodesOf(IReadOnlyCollection<string> texts)
    {
        var codes = new TextCodes();
        codes.Reset(new TextTable());
        foreach (var text in texts)
            codes.GetOrAdd(Encoding.UTF8.GetBytes(text));

        return codes;
    }
}
