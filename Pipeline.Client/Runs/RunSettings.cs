using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Client.Runs;

/// <summary>Values of what a run does not say.</summary>
public static class RunDefaults
{
    /// <summary>0 = auto.</summary>
    public const int BatchSize = 0;

    /// <summary>5 ms.</summary>
    public const long LingerMicros = 5_000;

    /// <summary>1 MiB.</summary>
    public const int MaxLineBytes = 1 << 20;

    /// <summary>1 s.</summary>
    public const long CheckpointIntervalMillis = 1_000;

    /// <summary>As fast as it goes.</summary>
    public const double Rate = 0;

    /// <summary>Name of the results in the run's folder, unless an output is named.</summary>
    public const string OutputName = "results.ndjson";

    /// <summary>The input is not split.</summary>
    public const int Partitions = 1;

    /// <summary>By type.</summary>
    public static IReadOnlyList<string> GroupBy { get; } = ["type"];
}

/// <summary>What a run is to do, as asked for; the same in every attempt. An unknown field is an error.</summary>
/// <remarks>Set and not init: generated deserializers give an absent init property the value of its type, not its default.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record RunSettings
{
    /// <summary>File (plain or .gz) or directory of NDJSON, absolute.</summary>
    public string? Input { get; set; }

    /// <summary>File for the results, absolute; null = in the run's folder.</summary>
    public string? Output { get; set; }

    /// <summary>Whether files that stand where results and rejects go may be replaced, whoever wrote them.</summary>
    public bool Overwrite { get; set; }

    /// <summary>Lines per batch: 0 to 100,000; 0 = auto.</summary>
    public int BatchSize { get; set; } = RunDefaults.BatchSize;

    /// <summary>Longest time that a line waits for its batch to fill, microseconds: 0 to 10,000,000.</summary>
    public long LingerMicros { get; set; } = RunDefaults.LingerMicros;

    /// <summary>Longest line in bytes: 64 to 4,194,304.</summary>
    public int MaxLineBytes { get; set; } = RunDefaults.MaxLineBytes;

    /// <summary>Types that an event may have; empty = any.</summary>
    public IReadOnlyList<string> AllowedTypes { get; set; } = [];

    /// <summary>Text of a rules file; null = the default rules.</summary>
    public string? Rules { get; set; }

    /// <summary>Columns to group by: 1 to 8.</summary>
    public IReadOnlyList<string> GroupBy { get; set; } = RunDefaults.GroupBy;

    /// <summary>Figures besides count, sum and avg: "min", "max".</summary>
    public IReadOnlyList<string> ExtraAggregates { get; set; } = [];

    /// <summary>Time between checkpoints, milliseconds: 0 to 3,600,000; 0 = only those at the beginning and at the end.</summary>
    public long CheckpointIntervalMillis { get; set; } = RunDefaults.CheckpointIntervalMillis;

    /// <summary>Roles of the stages that it goes through, first to last: 2 to 16; empty = the orchestrator's route.</summary>
    public IReadOnlyList<string> Route { get; set; } = [];

    /// <summary>Whether other implementations of its roles may take over at any time; else it keeps to those that it began with.</summary>
    public bool AllowUpgrade { get; set; }

    /// <summary>
    /// Slices into which the input is split, as many of which are worked on at once as there are cores: 0 to 4,096; 0 = auto, by the
    /// input's size and the cores of all machines, of 256 MiB to 4 GiB; 1 = it is not split.
    /// </summary>
    public int Partitions { get; set; } = RunDefaults.Partitions;

    /// <summary>Lines per second to read at: 0 to 1,000,000,000; 0 = as fast as it goes.</summary>
    public double Rate { get; set; } = RunDefaults.Rate;
}

/// <summary>What a check of settings could not do.</summary>
/// <param name="Missing">Roles of the route for which no stage is up: what they refuse is told when the run opens.</param>
public sealed record RunCheck(IReadOnlyList<string> Missing);

/// <summary>How runs are written: the same in run.json and over HTTP.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Run))]
[JsonSerializable(typeof(IReadOnlyList<Run>))]
[JsonSerializable(typeof(RunSettings))]
[JsonSerializable(typeof(RunCheck))]
public sealed partial class RunJson : JsonSerializerContext;
