using System.Globalization;
using System.Numerics;
using System.Text.Json.Serialization;
using Pipeline.Client.Runs;
using Pipeline.Contracts;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>The settings of a run as a person types them.</summary>
internal sealed class RunForm
{
    /// <summary>What an empty field for the input says.</summary>
    public const string InputHint = "Absolute path of a file, plain or .gz, or of a directory of them";

    private const string Min = "min";
    private const string Max = "max";
    private const string Auto = "auto";
    private const NumberStyles Real = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    // A name may contain a comma or end in a space, and cannot be read back from a field: a field that was not edited keeps the original names.
    [JsonInclude]
    private RunSettings _of = new();

    /// <summary>Path of the input.</summary>
    public string? Input { get; set; }

    /// <summary>Path of the results; empty: in the run's folder.</summary>
    public string? Output { get; set; }

    /// <summary>Whether files that stand there may be replaced.</summary>
    public bool Overwrite { get; set; }

    /// <summary>Columns, parted by commas; empty: the default.</summary>
    public string? GroupBy { get; set; }

    /// <summary>Whether the least value of each group is wanted.</summary>
    public bool WantsMin { get; set; }

    /// <summary>Whether the greatest value of each group is wanted.</summary>
    public bool WantsMax { get; set; }

    /// <summary>Lines in a batch; empty: auto.</summary>
    public string? BatchSize { get; set; }

    /// <summary>Lines per second; empty: no limit.</summary>
    public string? Rate { get; set; }

    /// <summary>Slices of the input; "auto": by the input's size and the cores of all machines; empty: it is not split.</summary>
    public string? Partitions { get; set; }

    /// <summary>Roles, first to last, parted by commas; empty: the orchestrator's route.</summary>
    public string? Route { get; set; }

    /// <summary>Types that an event may have, parted by commas; empty: any.</summary>
    public string? AllowedTypes { get; set; }

    /// <summary>Bytes of the longest line; empty: the default.</summary>
    public string? MaxLineBytes { get; set; }

    /// <summary>Microseconds that a line waits for its batch; empty: the default.</summary>
    public string? LingerMicros { get; set; }

    /// <summary>Milliseconds between checkpoints; empty: the default.</summary>
    public string? CheckpointIntervalMillis { get; set; }

    /// <summary>Whether other implementations may take over at any time.</summary>
    public bool AllowUpgrade { get; set; }

    /// <summary>Text of a rules file; empty: the default rules.</summary>
    public string? Rules { get; set; }

    /// <summary>The settings of a run, to be changed and used again; without its output, which is there already, and the leave to replace it.</summary>
    public static RunForm Of(RunSettings settings) => new()
    {
        _of = settings with { Rules = null },
        Input = settings.Input,
        GroupBy = Text(settings.GroupBy),
        WantsMin = settings.ExtraAggregates.Contains(Min),
        WantsMax = settings.ExtraAggregates.Contains(Max),
        BatchSize = Text(settings.BatchSize, RunDefaults.BatchSize),
        Rate = Text(settings.Rate, RunDefaults.Rate),
        Partitions = settings.Partitions == 0 ? Auto : Text(settings.Partitions, RunDefaults.Partitions),
        Route = Text(settings.Route),
        AllowedTypes = Text(settings.AllowedTypes),
        MaxLineBytes = Text(settings.MaxLineBytes, RunDefaults.MaxLineBytes),
        LingerMicros = Text(settings.LingerMicros, RunDefaults.LingerMicros),
        CheckpointIntervalMillis = Text(settings.CheckpointIntervalMillis, RunDefaults.CheckpointIntervalMillis),
        AllowUpgrade = settings.AllowUpgrade,
        Rules = settings.Rules,
    };

    /// <summary>The settings, and what of them is no number.</summary>
    public (RunSettings Settings, List<FieldError> Errors) Read()
    {
        var errors = new List<FieldError>();
        var settings = new RunSettings
        {
            Input = Input?.Trim(),
            Output = string.IsNullOrWhiteSpace(Output) ? null : Output.Trim(),
            Overwrite = Overwrite,
            GroupBy = string.IsNullOrWhiteSpace(GroupBy) ? RunDefaults.GroupBy : Names(GroupBy, _of.GroupBy),
            Route = Names(Route, _of.Route),
            AllowedTypes = Names(AllowedTypes, _of.AllowedTypes),
            AllowUpgrade = AllowUpgrade,
            Rules = string.IsNullOrWhiteSpace(Rules) ? null : Rules,
            ExtraAggregates = [.. WantsMin ? [Min] : (string[])[], .. WantsMax ? [Max] : (string[])[]],
            BatchSize = Number(
                BatchSize, RunDefaults.BatchSize, "batchSize", $"a whole number from 1 to {RunLimits.MaxBatchLines}, auto, or empty for auto", auto: 0),
            Rate = Number(Rate, RunDefaults.Rate, "rate", $"a number from 0 to {RunLimits.MaxRate}, or empty for no limit", Real),
            Partitions = Number(
                Partitions, RunDefaults.Partitions, "partitions", $"a whole number from 1 to {RunSettingsCheck.MaxPartitions}, auto, or empty for 1", auto: 0),
            MaxLineBytes = Number(
                MaxLineBytes, RunDefaults.MaxLineBytes, "maxLineBytes",
                $"a whole number from {RunLimits.MinLineBytes} to {RunLimits.MaxLineBytes}, or empty for {RunDefaults.MaxLineBytes}"),
            LingerMicros = Number(
                LingerMicros, RunDefaults.LingerMicros, "lingerMicros",
                $"a whole number from 0 to {RunLimits.MaxLingerMicros}, or empty for {RunDefaults.LingerMicros}"),
            CheckpointIntervalMillis = Number(
                CheckpointIntervalMillis, RunDefaults.CheckpointIntervalMillis, "checkpointIntervalMillis",
                $"a whole number from 0 to {RunLimits.MaxCheckpointMicros / 1_000}, or empty for {RunDefaults.CheckpointIntervalMillis}"),
        };
        return (settings, errors);

        T Number<T>(string? text, T empty, string field, string what, NumberStyles style = NumberStyles.None, T? auto = null)
            where T : struct, INumber<T>
        {
            if (string.IsNullOrWhiteSpace(text))
                return empty;
            if (auto is { } chosen && text.Trim() == Auto)
                return chosen;
            if (!T.TryParse(text.Trim(), style, CultureInfo.InvariantCulture, out var number))
                errors.Add(new(field, $"must be {what}"));
            return number;
        }
    }

    private static string? Text<T>(T value, T byDefault)
        where T : struct, INumber<T> => value == byDefault ? null : value.ToString(null, CultureInfo.InvariantCulture);

    private static string? Text(IReadOnlyList<string> names) => names.Count == 0 ? null : string.Join(", ", names);

    private static IReadOnlyList<string> Names(string? text, IReadOnlyList<string> of) =>
        text == Text(of) ? of : string.IsNullOrWhiteSpace(text) ? [] : text.Split(',', StringSplitOptions.TrimEntries);
}
