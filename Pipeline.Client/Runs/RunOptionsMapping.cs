using System.Globalization;
using Pipeline.Client.Channels;
using Pipeline.Contracts.V1;

namespace Pipeline.Client.Runs;

/// <summary>Settings as stages get them.</summary>
public static class RunOptionsMapping
{
    private const long MicrosPerMilli = 1_000;

    /// <summary>The contract's options of a run whose folder is <paramref name="workDirectory"/>.</summary>
    public static RunOptions ToOptions(Run run, string workDirectory)
    {
        var options = ToOptions(run.Options, run.Input, run.Output, workDirectory, run.MayReplace);
        options.Slice = run.Slice?.ToContract();
        options.Partials.AddRange(run.Slices.Select((_, slice) => SliceFolder(workDirectory, slice)));
        return options;
    }

    /// <summary>Folder of the run over a slice of the partitioned run whose folder is <paramref name="workDirectory"/>.</summary>
    /// <param name="workDirectory">Of the partitioned run.</param>
    /// <param name="slice">Which slice, from 0.</param>
    public static string SliceFolder(string workDirectory, int slice) =>
        Path.Combine(SlicesFolder(workDirectory), slice.ToString("0000", CultureInfo.InvariantCulture));

    /// <summary>Folder of the runs over all slices of a partitioned run, whose folder is <paramref name="workDirectory"/>.</summary>
    public static string SlicesFolder(string workDirectory) => Path.Combine(workDirectory, "slices");

    /// <summary>What a stage refuses of the options, as an error of the field that it is about.</summary>
    public static FieldError ToError(OptionError error) => new(
        RunOptions.Descriptor.FindFieldByName(error.Option)?.JsonName ?? PeerText.Name(error.Option),
        PeerText.Message(error.Message),
        error.Line,
        error.Column);

    /// <summary>The contract's options of these settings.</summary>
    public static RunOptions ToOptions(RunSettings settings, string input, string output, string workDirectory, bool mayReplace) => new()
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
        AllowedTypes = { settings.AllowedTypes },
        GroupBy = { settings.GroupBy },
        ExtraAggregates = { settings.ExtraAggregates },
    };
}
