using Google.Protobuf;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Messages;

/// <summary>OpenRun and RunOpened as check-stage sends them.</summary>
internal static class Opening
{
    /// <summary>2^53 + 1: the least whole number that a double cannot hold.</summary>
    public const long Unroundable = 9_007_199_254_740_993;

    // With the line, so that the order of events can be seen.
    private static readonly string[] Ordinary = [ColumnNames.Type, ColumnNames.Value, ColumnNames.Line];

    /// <summary>OpenRun of a run of its own.</summary>
    /// <param name="run">The check.</param>
    /// <param name="groupBy">Columns to group by; none = type.</param>
    public static OpenRun Of(CheckRun run, params IEnumerable<string> groupBy)
    {
        var id = run.Below.NewRunId();
        var open = new OpenRun
        {
            RunId = id,
            Attempt = 1,
            Options = new RunOptions
            {
                Input = "/tmp/check/events.ndjson",
                Output = "/tmp/check/results.ndjson",
                WorkDirectory = Directory.CreateDirectory(Path.Combine(run.Folder, id)).FullName,
                BatchSize = 100,
                LingerMicros = 5_000,
                MaxLineBytes = RunLimits.MaxLineBytes,
                GroupBy = { groupBy },
                ExtraAggregates = { "min", "max" },
                CheckpointIntervalMicros = RunLimits.MaxCheckpointMicros,
                Rate = 0.1,
                Overwrite = true,
            },
            Route = { run.Below.Hop },
            Path = { run.Target.Above, run.Target.Self, run.Below.Hop },
        };
        if (open.Options.GroupBy.Count == 0)
            open.Options.GroupBy.Add(ColumnNames.Type);
        return open;
    }

    /// <summary>What the hop below answers, with the columns that it wants.</summary>
    /// <param name="target">The stage.</param>
    /// <param name="columns">Columns; none = the usual ones.</param>
    public static RunOpened Answer(StageTarget target, params string[] columns) => new()
    {
        Columns = { target.Aggregates ? [] : columns.Length == 0 ? Ordinary : columns },
    };

    /// <summary>A position full of numbers that doubles cannot hold.</summary>
    /// <param name="lines">Lines before it, none of them blank.</param>
    public static Opaque Position(long lines) => Opaque.Of(new Position
    {
        Offset = Unroundable + (2 * lines),
        Line = Unroundable,
        TotalLines = lines,
        TotalBytes = long.MaxValue - lines,
        Files =
        {
            new InputFile
            {
                Path = "events.ndjson",
                Length = Unroundable,
                ModifiedMicros = Unroundable,
                PrefixHash = 0xFEDC_BA98_7654_3211,
            },
        },
    });

    /// <summary>Groups of Aggregate's state.</summary>
    public static IReadOnlyList<Group> Groups { get; } = [Group("click"), Group("purchase")];

    /// <summary>Counts of Aggregate's state.</summary>
    public static Counts Counts { get; } = new() { Events = 5, Filtered = 2 };

    /// <summary>A checkpoint to resume from: a page of groups, then one with position and counts.</summary>
    public static IReadOnlyList<Checkpoint> Stored { get; } =
    [
        new() { Id = 7, State = Opaque.Of(new CheckpointState { Groups = { Groups } }), More = true },
        new() { Id = 7, State = Opaque.Of(new CheckpointState { Counts = Counts }), Position = Position(Counts.Events + Counts.Filtered) },
    ];

    /// <summary>A message for a finding: not too long.</summary>
    public static string Show(IMessage? message)
    {
        const int Most = 400;
        var text = message?.ToString() ?? "nothing";
        return text.Length <= Most ? text : $"{text[..Most]}... ({message!.CalculateSize()} bytes)";
    }

    private static Group Group(string type) => new()
    {
        Key = { new Scalar { Text = type } },
        Count = 2,
        SumLow = Unroundable,
        MinLow = 1,
        MaxLow = Unroundable - 1,
    };
}
