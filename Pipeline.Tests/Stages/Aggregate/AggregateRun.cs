using System.Globalization;
using System.Numerics;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Tests.Stages.Aggregate;

/// <summary>One attempt of an AggregateStage.</summary>
internal sealed class AggregateRun
{
    private readonly AggregateStage _stage;
    private long _checkpoints;

    private AggregateRun(StageContext context, AggregateOptions? options)
    {
        Context = context;
        _stage = new AggregateStage(context, options);
    }

    public StageContext Context { get; }

    public RunOpened Opened { get; private set; } = new();

    public FrameList Output { get; } = [];

    public static async Task<AggregateRun> OpenAsync(string groupBy, CheckpointPage? resume = null, AggregateOptions? options = null, TimeProvider? time = null)
    {
        var run = new AggregateRun(Frames.Context(time), options);
        var open = new OpenRun { Options = new RunOptions() };
        open.Options.GroupBy.AddRange(groupBy.Split(',', StringSplitOptions.RemoveEmptyEntries));
        var last = resume?.Clone();
        last?.Groups.Clear();
        foreach (var page in resume?.Groups.Chunk(2) ?? [])
            run._stage.Restore(open, new CheckpointPage { Groups = { page } }.ToCheckpoint());

        run.Opened = await run._stage.OpenAsync(open, new RunOpened { Resume = last?.ToCheckpoint() }, default);
        return run;
    }

    public async Task<AggregateRun> SendAsync(params Frame[] frames)
    {
        foreach (var frame in frames)
            await _stage.ProcessAsync(frame, Output, default);

        return this;
    }

    /// <summary>The pages of a checkpoint taken now.</summary>
    public async Task<List<CheckpointPage>> PagesAsync()
    {
        Output.Clear();
        await SendAsync(Frames.Message(
            message => message.Checkpoint = new CheckpointPage { Id = ++_checkpoints, Position = new Position { Line = 7 } }.ToCheckpoint()));
        return [.. Output.Cast<MessageFrame>().Select(frame => frame.Message.Checkpoint.ToPage())];
    }

    /// <summary>A checkpoint taken now, its pages joined into one, as Sink stores it.</summary>
    public async Task<CheckpointPage> CheckpointAsync()
    {
        var pages = await PagesAsync();
        var whole = pages[^1].Clone();
        whole.Groups.Clear();
        whole.Groups.AddRange(pages.SelectMany(page => page.Groups));
        return whole;
    }

    /// <summary>The groups as lines, in order: key count sum min max.</summary>
    public async Task<List<string>> GroupsAsync() => Lines(await CheckpointAsync());

    public static List<string> Lines(CheckpointPage checkpoint) => [.. checkpoint.Groups.Select(Line).Order(StringComparer.Ordinal)];

    public static string Line(string key, long count, BigInteger sum, BigInteger min, BigInteger max, int scale) =>
        $"{key} {count} {Exact(sum, scale)} {Exact(min, scale)} {Exact(max, scale)}";

    /// <summary>Without trailing zeros, as digits and a power of ten.</summary>
    public static string Exact(BigInteger mantissa, int scale)
    {
        while (scale > 0 && mantissa % 10 == 0)
            (mantissa, scale) = (mantissa / 10, scale - 1);

        return mantissa.ToString(CultureInfo.InvariantCulture) + (scale > 0 ? $"e-{scale}" : "");
    }

    private static string Line(Group group) => Line(
        string.Join('|', group.Key.Select(Key)), group.Count, Wide(group.SumHigh, group.SumLow), Wide(group.MinHigh, group.MinLow),
        Wide(group.MaxHigh, group.MaxLow), group.Scale);

    private static string Key(Scalar key) => key.ValueCase switch
    {
        Scalar.ValueOneofCase.Text => key.Text,
        Scalar.ValueOneofCase.Boolean => key.Boolean.ToString(),
        _ => Exact(key.Number.Mantissa, key.Number.Scale) + (key.Number.Scale > 0 && key.Number.Mantissa % 10 == 0 ? " not canonical" : ""),
    };

    private static BigInteger Wide(long high, ulong low) => ((BigInteger)high << 64) + low;
}
