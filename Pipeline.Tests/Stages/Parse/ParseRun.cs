using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;
using Pipeline.Stages.Parse;

namespace Pipeline.Tests.Stages.Parse;

/// <summary>Runs lines through a ParseStage of its own and reads what comes out as plain values.</summary>
internal sealed class ParseRun : IFrameOutput
{
    public static readonly string[] AllColumns = ["type", "user", "ts", "value", "line", "offset"];

    public StageMeter Meter { get; } = new();

    public List<Frame> Frames { get; } = [];

    public List<ParsedEvent> Events { get; } = [];

    public List<Reject> Rejects { get; } = [];

    public List<WorkItem> WorkItems { get; } = [];

    public static Task<ParseRun> OverAsync(string lines, params string[] columns) => OverAsync(Encoding.UTF8.GetBytes(lines), columns);

    public static Task<ParseRun> OverAsync(byte[] lines, params string[] columns) =>
        new ParseRun().RunAsync(FrameOf(lines), columns.Length == 0 ? AllColumns : columns, []);

    /// <summary>A frame of exactly these bytes, with digits before and after them that the parser must ignore.</summary>
    public static LineFrame FrameOf(
        byte[] lines, IReadOnlyList<Gap>? gaps = null, IReadOnlyList<Reject>? rejects = null, long firstLine = 1, int? count = null,
        string file = "some.ndjson")
    {
        var buffer = SharedBuffer.Rent(lines.Length + 3);
        buffer.Array.AsSpan().Fill((byte)'7');
        lines.CopyTo(buffer.Array, 3);
        return new LineFrame(buffer, 3, lines.Length)
        {
            Count = count ?? lines.Count(b => b == '\n') + (lines.Length > 0 && lines[^1] != '\n' ? 1 : 0),
            FirstLine = firstLine,
            FirstOffset = 0,
            Gaps = gaps ?? [],
            Rejects = rejects ?? [],
            ReadMicros = 77,
            File = file,
        };
    }

    public async Task<ParseRun> RunAsync(LineFrame frame, string[] columns, string[] allowedTypes)
    {
        await using var stage = new ParseStage(Context(Meter));
        var open = new OpenRun { Options = new RunOptions { AllowedTypes = { allowedTypes } } };
        await stage.OpenAsync(open, new RunOpened { Columns = { columns } }, CancellationToken.None);
        await stage.ProcessAsync(frame, this, CancellationToken.None);
        return this;
    }

    public static StageContext Context(StageMeter meter) => new()
    {
        Meter = meter,
        Answers = new NoAnswers(),
        Logger = NullLogger.Instance,
        Roots = [],
    };

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        Frames.Add(frame);
        if (frame is EventFrame events)
        {
            Rejects.AddRange(events.Rejects);
            Events.AddRange(Enumerable.Range(0, events.Count).Select(i => ParsedEvent.Read(events, i)));
        }
        else if (frame is MessageFrame { Message.WorkItems: { } items })
        {
            WorkItems.AddRange(items.Items);
        }

        return ValueTask.CompletedTask;
    }

    private sealed class NoAnswers : IAnswerOutput
    {
        public void Answer(StageOutput answer) => throw new InvalidOperationException("Parse answers nothing.");
    }
}

/// <summary>One event as read from its frame; null or 0 for columns that the frame does not have.</summary>
internal sealed record ParsedEvent(string? Type, string? User, long Ts, decimal Value, long Line, long Offset)
{
    public static ParsedEvent Read(EventFrame frame, int index) => new(
        Text(frame, "type", index),
        Text(frame, "user", index),
        Number(frame, "ts", index),
        Number(frame, "value", index) / Power(frame.Find("value")?.Scale ?? 0),
        Number(frame, "line", index),
        Number(frame, "offset", index));

    private static string? Text(EventFrame frame, string name, int index) =>
        frame.Find(name) is { Texts: { } texts } column ? Encoding.UTF8.GetString(texts[(int)Raw(column, index, signed: false)]) : null;

    private static long Number(EventFrame frame, string name, int index) =>
        frame.Find(name) is { } column ? Raw(column, index, signed: true) : 0;

    private static decimal Power(int scale) => scale == 0 ? 1m : 10m * Power(scale - 1);

    private static long Raw(EventColumn column, int index, bool signed)
    {
        var at = column.Data[(index * column.Width)..];
        return column.Width switch
        {
            0 => 0,
            1 => signed ? (sbyte)at[0] : at[0],
            2 => signed ? BitConverter.ToInt16(at) : BitConverter.ToUInt16(at),
            4 => signed ? BitConverter.ToInt32(at) : BitConverter.ToUInt32(at),
            _ => BitConverter.ToInt64(at),
        };
    }
}
