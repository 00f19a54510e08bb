using Pipeline.Client.Runs;

namespace Pipeline.Client.Views;

/// <summary>Settings of a run that change its results or its speed, as the page and the terminal show them.</summary>
public static class SettingTexts
{
    // Rules may have a MiB.
    private const int MaxLength = 2_000;

    private static readonly RunSettings Default = new();

    /// <summary>Each setting: its name, and its value in words.</summary>
    public static IReadOnlyList<(string Name, Func<RunSettings, string> Of)> All { get; } =
    [
        ("Batch size", BatchSize),
        ("Partitions", settings => settings.Partitions == 0 ? "auto" : Show.Count(settings.Partitions)),
        ("Rate", settings => settings.Rate > 0 ? FormattableString.Invariant($"{settings.Rate:#,0.#########} lines/s") : "no limit"),
        ("Rules", settings => settings.Rules ?? "default"),
        ("Group by", settings => string.Join(", ", settings.GroupBy)),
        ("Aggregates", settings => string.Join(", ", ["count", "sum", "avg", .. settings.ExtraAggregates])),
        ("Allowed types", settings => settings.AllowedTypes.Count > 0 ? string.Join(", ", settings.AllowedTypes) : "any"),
        ("Route", settings => settings.Route.Count > 0 ? string.Join(", ", settings.Route) : "default"),
        ("Longest line", settings => Show.Count(settings.MaxLineBytes, "byte")),
        ("Linger", settings => $"{Show.Count(settings.LingerMicros)} µs"),
        ("Checkpoint interval", settings => settings.CheckpointIntervalMillis > 0 ? $"{Show.Count(settings.CheckpointIntervalMillis)} ms" : "at both ends"),
    ];

    /// <summary>Lines per batch.</summary>
    public static string BatchSize(RunSettings settings) => settings.BatchSize == RunDefaults.BatchSize ? "auto" : Show.Count(settings.BatchSize);

    /// <summary>Those that are not the default, each with its value, of which the end may be left out.</summary>
    public static IEnumerable<(string Name, string Value)> Changed(RunSettings settings) =>
        All.Select(setting => (setting.Name, Value: Shorten(setting.Of(settings)), Default: setting.Of(Default)))
            .Where(setting => setting.Value != setting.Default)
            .Select(setting => (setting.Name, setting.Value));

    private static string Shorten(string value) => value.Length <= MaxLength
        ? value
        : $"{value[..MaxLength]} ... ({Show.Count(value.Length)} characters)";
}
