using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.Events;

/// <summary>Builds event frames with the columns that the stages below want, and no others.</summary>
internal sealed class EventFrameBuilder
{
    // Beyond this many bytes of rejects a frame is full: a message holds 16 MiB.
    private const int FullRejectBytes = 1 << 20;

    // Fields of a reject besides the raw line, on the wire and at most.
    private const int RejectOverhead = 64;
    private readonly TextColumn? _type;
    private readonly TextColumn? _user;
    private readonly NumberColumn? _ts;
    private readonly NumberColumn? _value;
    private readonly NumberColumn? _line;
    private readonly NumberColumn? _offset;
    private EventFrame? _frame;
    private int _rejectBytes;

    /// <summary>A builder of these columns; names that Parse does not know are left to others.</summary>
    public EventFrameBuilder(IReadOnlyCollection<string> columns)
    {
        _type = columns.Contains("type") ? new TextColumn("type") : null;
        _user = columns.Contains("user") ? new TextColumn("user") : null;
        _ts = Number("ts");
        _value = Number("value");
        _line = Number("line");
        _offset = Number("offset");
        NumberColumn? Number(string name) => columns.Contains(name) ? new NumberColumn(name) : null;
    }

    /// <summary>True where nothing was added yet.</summary>
    public bool IsEmpty => _frame is null;

    /// <summary>Events so far.</summary>
    public int Count => _frame?.Count ?? 0;

    /// <summary>True where no more rejects should go into this frame.</summary>
    public bool IsFull => _rejectBytes > FullRejectBytes;

    /// <summary>Adds an event.</summary>
    /// <returns>False where its value does not go together with those before: take the frame, then add it.</returns>
    public bool TryAdd(in EventValues values, long line, long offset)
    {
        if (_value is not null && !_value.TryAdd(values.Mantissa, values.Scale))
            return false;

        _frame ??= new EventFrame();
        _frame.Count++;
        _type?.Add(values.Type);
        _user?.Add(values.User);
        _ts?.Add(values.UnixMillis);
        _line?.Add(line);
        _offset?.Add(offset);
        return true;
    }

    /// <summary>Adds a reject, of a later line than those before.</summary>
    public void Add(Reject reject)
    {
        _frame ??= new EventFrame();
        _frame.Rejects.Add(reject);
        _rejectBytes += reject.Raw.Length + reject.File.Length + RejectOverhead;
    }

    /// <summary>The frame so far, null where it would be empty; the next one begins.</summary>
    public EventFrame? Take(long readMicros, string file)
    {
        var frame = _frame;
        if (frame is null)
            return null;

        _frame = null;
        _rejectBytes = 0;
        frame.ReadMicros = readMicros;
        frame.File = file;
        Move(_type?.Take());
        Move(_user?.Take());
        Move(_ts?.Take());
        Move(_value?.Take());
        Move(_line?.Take());
        Move(_offset?.Take());
        return frame;

        void Move(EventColumn? column)
        {
            if (column is not null)
                frame.Columns.Add(column);
        }
    }
}

/// <summary>One event, valid; its texts lie in the line or in a buffer that the next line overwrites.</summary>
internal ref struct EventValues
{
    /// <summary>Unix milliseconds.</summary>
    public long UnixMillis;

    /// <summary>UTF-8, not empty.</summary>
    public ReadOnlySpan<byte> Type;

    /// <summary>UTF-8.</summary>
    public ReadOnlySpan<byte> User;

    /// <summary>The value is mantissa / 10^scale, without trailing zeros.</summary>
    public long Mantissa;

    /// <summary>0 to 9.</summary>
    public int Scale;
}
