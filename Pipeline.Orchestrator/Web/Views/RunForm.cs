using System.Globalization;
using Pipeline.Client.Runs;

namespace Pipeline.Orchestrator.Web.Views;

/// <summary>The settings of a run as a person types them.</summary>
internal sealed class RunForm
{
    private const string Min = "min";
    private const string Max = "max";
    private const string Auto = "auto";

    private readonly RunSettings _base = new();

    /// <summary>The settings of a run that begins with none.</summary>
    public RunForm()
    {
    }

    private RunForm(RunSettings settings) => _base = settings;

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

    /// <summary>Slices of the input; "auto": one for each core, of 256 MiB to 4 GiB; empty: it is not split.</summary>
    public string? Partitions { get; set; }

    /// <summary>Roles, first to last, parted by commas; empty: the orchestrator's route.</summary>
    public string? Route { get; set; }

    /// <summary>Text of a rules file; empty: the default rules.</summary>
    public string? Rules { get; set; }

    /// <summary>
    /// The settings of a run, to be changed and used again, those too that have no field here; without its output, which is there already,
    /// and the leave to replace it.
    /// </summary>
    public static RunForm Of(RunSettings settings) => new(settings)
    {
        Input = settings.Input,
        GroupBy = string.Join(", ", settings.GroupBy),
        WantsMin = settings.ExtraAggregates.Contains(Min),
        WantsMax = settings.ExtraAggregates.Contains(Max),
        BatchSize = settings.BatchSize == RunDefaults.BatchSize ? null : settings.BatchSize.ToString(CultureInfo.InvariantCulture),
        Rate = settings.Rate == RunDefaults.Rate ? null : settings.Rate.ToString(CultureInfo.InvariantCulture),
        Partitions = settings.Partitions switch
        {
            RunDefaults.Partitions => null,
            0 => Auto,
            var count => count.ToString(CultureInfo.InvariantCulture),
        },
        Route = settings.Route.Count == 0 ? null : string.Join(", ", settings.Route),
        Rules = settings.Rules,
    };

    /// <summary>The settings, and what of them is no number.</summary>
    public (RunSettings Settings, List<FieldError> Errors) Read()
    {
        var errors = new List<FieldError>();
        var settings = _base with
        {
            Input = Input?.Trim(),
            Output = string.IsNullOrWhiteSpace(Output) ? null : Output.Trim(),
            Overwrite = Overwrite,
            GroupBy = string.IsNullOrWhiteSpace(GroupBy) ? RunDefaults.GroupBy : GroupBy.Split(',', StringSplitOptions.TrimEntries),
            Route = string.IsNullOrWhiteSpace(Route) ? [] : Route.Split(',', StringSplitOptions.TrimEntries),
            Rules = string.IsNullOrWhiteSpace(Rules) ? null : Rules,
            ExtraAggregates = [.. WantsMin ? [Min] : (string[])[], .. WantsMax ? [Max] : (string[])[]],
        };
        if (int.TryParse(Or(BatchSize, "0"), NumberStyles.None, CultureInfo.InvariantCulture, out var size))
            settings.BatchSize = size;
        else
            errors.Add(new("batchSize", "must be a whole number from 0, or empty for auto"));
        if (double.TryParse(Or(Rate, "0"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate))
            settings.Rate = rate;
        else
            errors.Add(new("rate", "must be a number from 0, or empty for no limit"));
        if (int.TryParse(
            string.IsNullOrWhiteSpace(Partitions) ? "1" : Or(Partitions, "0"), NumberStyles.None, CultureInfo.InvariantCulture, out var partitions))
            settings.Partitions = partitions;
        else
            errors.Add(new("partitions", "must be a whole number from 1, auto, or empty for 1"));
        return (settings, errors);
    }

    private static string Or(string? text, string empty) => string.IsNullOrWhiteSpace(text) || text.Trim() == Auto ? empty : text.Trim();
}
