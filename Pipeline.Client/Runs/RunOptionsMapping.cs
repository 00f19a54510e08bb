using Pipeline.Contracts.V1;

namespace Pipeline.Client.Runs;

/// <summary>Settings as stages get them.</summary>
public static class RunOptionsMapping
{
    private const long MicrosPerMilli = 1_000;

    /// <summary>The contract's options of a run whose folder is <paramref name="workDirectory"/>.</summary>
    public static RunOptions ToOptions(Run run, string workDirectory) =>
        ToOptions(run.Options, run.Input, run.Output, workDirectory, run.MayReplace);

    /// <summary>The contract's options of these settings.</summary>
    public static RunOptions ToOptions(RunSettings settings, string input, string output, string workDirectory, bool mayReplace)
    {
        var options = new RunOptions
        {
            Input = input,
            Output = output,
            WorkDirectory = workDirectory,
            BatchSize = settings.BatchSize,
            LingerMicros = settings.LingerMicros,
            MaxLineBytes = settings.MaxLineBytes,
            Rules = settings.Rules ?? "",
            CheckpointIntervalMicros = settings.CheckpointIntervalMillis * MicrosPerMilli,
            Rate = settings.Rate,
            Overwrite = mayReplace,
        };
        options.AllowedTypes.AddRange(settings.AllowedTypes);
        options.GroupBy.AddRange(settings.GroupBy);
        options.ExtraAggregates.AddRange(settings.ExtraAggregates);
        return options;
    }
}
