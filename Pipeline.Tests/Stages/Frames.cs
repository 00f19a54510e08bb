using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages;

/// <summary>Makes frames of plain values, and reads frames as plain values: string, decimal, bool.</summary>
internal static class Frames
{
    public static EventFrame Events(int count) => new() { Count = count };

    public static EventFrame With(this EventFrame frame, EventColumn column)
    {
        Assert.Equal(column.Width * frame.Count, column.DataLength);
        frame.Columns.Add(column);
        return frame;
    }

    /// <summary>A text column; its width may be more than it needs.</summary>
    public static EventColumn Text(string name, IReadOnlyList<string> values, int width = -1)
    {
        var distinct = values.Distinct().ToList();
        var least = distinct.Count switch { <= 1 => 0, <= 256 => 1, <= 65536 => 2, _ => 4 };
        var column = new EventColumn { Name = name, Kind = ColumnKind.Text, Texts = new TextTable() };
        distinct.ForEach(text => column.Texts.Add(Encoding.UTF8.GetBytes(text)));
        var code = distinct.Select((text, index) => (text, index)).ToDictionary(entry => entry.text, entry => entry.index);
        return Fill(column, Math.Max(width, least), [.. values.Select(value => (long)code[value])]);
    }

    /// <summary>A number column of mantissas; its width may be more than it needs.</summary>
    public static EventColumn Number(string name, IReadOnlyList<long> values, int scale = 0, int width = -1)
    {
        var least = values.Select(value => value == 0 ? 0 : value == (sbyte)value ? 1 : value == (short)value ? 2 : value == (int)value ? 4 : 8)
            .DefaultIfEmpty(0).Max();
        return Fill(new EventColumn { Name = name, Kind = ColumnKind.Number, Scale = scale }, Math.Max(width, least), values);
    }

    public static EventColumn Flag(string name, IReadOnlyList<bool> values) =>
        Fill(new EventColumn { Name = name, Kind = ColumnKind.Boolean }, 1, [.. values.Select(value => value ? 1L : 0L)]);

    /// <summary>A frame with type, user, ts, value, line and offset.</summary>
    public static EventFrame Of(params (string Type, string User, decimal Value)[] events)
    {
        var scale = events.Select(e => e.Value.Scale).DefaultIfEmpty((byte)0).Max();
        var frame = Events(events.Length);
        return frame.With(Text("type", [.. events.Select(e => e.Type)]))
            .With(Text("user", [.. events.Select(e => e.User)]))
            .With(Number("ts", [.. events.Select((_, row) => 1_767_225_600_000L + row)]))
            .With(Number("value", [.. events.Select(e => (long)(e.Value * PowersOfTen.Values[scale]))], scale))
            .With(Number("line", [.. events.Select((_, row) => row + 1L)]))
            .With(Number("offset", [.. events.Select((_, row) => row * 100L)]));
    }

    /// <summary>The values of a column.</summary>
    public static object[] Values(this EventFrame frame, string name)
    {
        var column = frame.Find(name);
        Assert.NotNull(column);
        Assert.Equal(column.Width * frame.Count, column.DataLength);
        return [.. Enumerable.Range(0, frame.Count).Select(row => Value(column, row))];
    }

    /// <summary>The value of one row.</summary>
    public static object Value(EventColumn column, int row)
    {
        var data = column.Data;
        long raw = 0;
        if (column.Width > 0)
        {
            var bytes = new byte[8];
            data.Slice(row * column.Width, column.Width).CopyTo(bytes);
            bytes.AsSpan(column.Width).Fill(column.Kind == ColumnKind.Number && (bytes[column.Width - 1] & 0x80) != 0 ? (byte)0xFF : (byte)0);
            raw = BitConverter.ToInt64(bytes);
        }

        return column.Kind switch
        {
            ColumnKind.Text => Encoding.UTF8.GetString(column.Texts![(int)raw]),
            ColumnKind.Boolean => raw != 0,
            _ => raw / (decimal)PowersOfTen.Values[column.Scale],
        };
    }

    /// <summary>A stage that answers fails the test, unless the test takes its answers.</summary>
    public static StageContext Context(
        TimeProvider? time = null, string? root = null, ILogger? logger = null, IAnswerOutput? answers = null, StageMeter? meter = null) => new()
    {
        Meter = meter ?? new StageMeter(),
        Answers = answers ?? new NoAnswers(),
        Time = time ?? TimeProvider.System,
        Logger = logger ?? NullLogger.Instance,
        Roots = root is null ? [] : [root],
    };

    public static MessageFrame Message(Action<StageInput> set)
    {
        var message = new StageInput();
        set(message);
        return new MessageFrame(message);
    }

    private static EventColumn Fill(EventColumn column, int width, IReadOnlyList<long> values)
    {
        column.Allocate(width, values.Count);
        for (var row = 0; row < values.Count; row++)
            BitConverter.GetBytes(values[row]).AsSpan(0, width).CopyTo(column.Data[(row * width)..]);

        return column;
    }

    private sealed class NoAnswers : IAnswerOutput
    {
        public void Answer(StageOutput answer) => Assert.Fail($"answered {answer}");
    }
}

/// <summary>Keeps the frames that a stage sends.</summary>
internal sealed class FrameList : List<Frame>, IFrameOutput
{
    public IEnumerable<EventFrame> Events => this.OfType<EventFrame>();

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        Add(frame);
        return ValueTask.CompletedTask;
    }
}
