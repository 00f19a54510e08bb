using System.Text;
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
        await using var stage = await OpenAsync(new RunOptions { AllowedTypes = { allowedTypes } }, columns);
        await stage.ProcessAsync(frame, this, CancellationToken.None);
        return this;
    }

    /// <summary>Opens a stage that a test gives its frames itself.</summary>
    public async Task<ParseStage> OpenAsync(RunOptions options, params string[] columns)
    {
        var stage = new ParseStage(Stages.Frames.Context(meter: Meter));
        await stage.OpenAsync(new OpenRun { Options = options }, new RunOpened { Columns = { columns } }, CancellationToken.None);
        return stage;
    }

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
}

/// <summary>One event as read from its frame; null or 0 for columns that the frame does not have.</summary>
internal sealed record ParsedEvent(string? Type, string? User, long Ts, decimal Value, long Line, long Offset)
{
    public static ParsedEvent Read(EventFrame frame, int index)
    {
        return new(
            Of<string>("type"), Of<string>("user"), (long)Of<decimal>("ts"), Of<decimal>("value"), (long)Of<decimal>("line"), (long)Of<decimal>("offset"));

        T? Of<T>(string name) => frame.Find(name) is { } column ? (T)Stages.Frames.Value(column, index) : default;
    }
}
