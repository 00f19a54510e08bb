using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Client.Runs;

/// <summary>An error of one field.</summary>
/// <param name="Field">Name as in JSON.</param>
/// <param name="Message">What is wrong, to be read after the name.</param>
/// <param name="Line">Where in the field's text, from 1; 0 = the field as a whole.</param>
/// <param name="Column">Column in that line, from 1; 0 = the line as a whole.</param>
public sealed record FieldError(string Field, string Message, int Line = 0, int Column = 0)
{
    /// <summary>What is wrong and where, to be read after the name.</summary>
    public string Detail => Line > 0 ? $"line {Line}, column {Column}: {Message}" : Message;
}

/// <summary>
/// Checks settings before a run is made of them: their values, whether the input is there, and whether the output can be put where it is to go. The
/// stages are not needed. All errors at once.
/// </summary>
public static class RunSettingsCheck
{
    /// <summary>Most slices of a run: each is an entry of run.json, and a file that is open while they are merged.</summary>
    public const int MaxPartitions = 4_096;

    private const long MaxCheckpointIntervalMillis = RunLimits.MaxCheckpointMicros / 1_000;
    private const int MaxTypes = 1_000;
    private const int MaxNameLength = 256;
    private const int MaxRulesLength = 1 << 20;
    private const int MaxPathLength = 4_096;
    private const int MinRoute = 2;
    private const int MaxRoute = 16;

    private static readonly string[] Figures = ["min", "max"];

    /// <summary>Every error; empty where there is none.</summary>
    public static IReadOnlyList<FieldError> Check(RunSettings settings)
    {
        var errors = new List<FieldError>();
        CheckPath("input", settings.Input, required: true, errors);
        CheckPath("output", settings.Output, required: false, errors);
        if (errors.Count == 0 && settings.Output is not null)
            CheckApart(RootedPath.Resolve(settings.Input!), OutputFiles.Of(RootedPath.Resolve(settings.Output)), errors);
        CheckNumbers(settings, errors);
        CheckNames(settings, errors);
        CheckRules(settings, errors);
        return errors;
    }

    /// <summary>Every error of a route; empty where there is none, as of a route without roles, which stands for the default one.</summary>
    /// <param name="field">What the route is called.</param>
    /// <param name="roles">Its roles, first to last.</param>
    public static IReadOnlyList<FieldError> CheckRoute(string field, IReadOnlyList<string>? roles)
    {
        var errors = new List<FieldError>();
        CheckList(field, roles, 0, MaxRoute, errors);
        if (roles?.Count is > 0 and < MinRoute)
            errors.Add(new(field, $"must be at least {MinRoute} roles, first to last"));
        return errors;
    }

    private static void CheckPath(string field, string? path, bool required, List<FieldError> errors)
    {
        if (string.IsNullOrEmpty(path))
        {
            if (required || path is not null)
                errors.Add(new(field, field == "input" ? "must name a file or a directory" : "must name a file"));
            return;
        }

        if (path.Length > MaxPathLength || path.Contains('\0'))
            errors.Add(new(field, $"must be a path of at most {MaxPathLength} characters without NUL"));
        else if (!Path.IsPathFullyQualified(path))
            errors.Add(new(field, $"must be an absolute path, not {path}"));
        else if (field == "output" && Path.EndsInDirectorySeparator(path))
            errors.Add(new(field, $"must be a file, not the directory {path}"));
        else
            CheckFile(field, path, errors);
    }

    private static void CheckFile(string field, string path, List<FieldError> errors)
    {
        try
        {
            RootedPath.Resolve(path);
            if (field == "output" && OutputPath.WhyNot(path, withRejects: true) is { } reason)
                errors.Add(new(field, reason));
            if (field == "input" && !Path.Exists(path))
                errors.Add(new(field, $"cannot be read: there is no file or directory {path}"));
            else if (field == "input" && Directory.Exists(path) && InputCatalog.WhyNoInput(path) is { } nothing)
                errors.Add(new(field, $"must hold input: {nothing}"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            errors.Add(new(field, $"cannot be {path}: {error.Message}"));
        }
    }

    private static void CheckApart(string input, OutputFiles output, List<FieldError> errors)
    {
        if (output.Named.Any(file => SameFile.Is(file.Path, input)))
            errors.Add(new("output", "must not be the input, nor may the rejects beside it"));
        else if (output.AreInputOf(input))
            errors.Add(new("output", $"must not lie in the input directory {input}, where it would be read as input; name another directory"));
    }

    private static void CheckNumbers(RunSettings settings, List<FieldError> errors)
    {
        Require(
            "batchSize",
            settings.BatchSize is >= 0 and <= RunLimits.MaxBatchLines,
            $"must be 0 (auto) to {RunLimits.MaxBatchLines}, not {settings.BatchSize}");
        Require(
            "lingerMicros",
            settings.LingerMicros is >= 0 and <= RunLimits.MaxLingerMicros,
            $"must be 0 to {RunLimits.MaxLingerMicros}, not {settings.LingerMicros}");
        Require(
            "maxLineBytes",
            settings.MaxLineBytes is >= RunLimits.MinLineBytes and <= RunLimits.MaxLineBytes,
            $"must be {RunLimits.MinLineBytes} to {RunLimits.MaxLineBytes}, not {settings.MaxLineBytes}");
        Require(
            "checkpointIntervalMillis",
            settings.CheckpointIntervalMillis is >= 0 and <= MaxCheckpointIntervalMillis,
            $"must be 0 (only at the beginning and the end) to {MaxCheckpointIntervalMillis}, not {settings.CheckpointIntervalMillis}");
        Require(
            "rate",
            settings.Rate is >= 0 and <= RunLimits.MaxRate,
            $"must be 0 (no limit) to {RunLimits.MaxRate}, not {settings.Rate}");
        Require(
            "partitions",
            settings.Partitions is >= 0 and <= MaxPartitions,
            $"must be 0 (auto) to {MaxPartitions}, not {settings.Partitions}");
        Require("partitions", settings.Partitions == 1 || settings.Rate == 0, "cannot be given with a rate: the rate is that of one reader");
        Require(
            "groupBy",
            settings.Partitions == 1 || settings.GroupBy?.Contains(ColumnNames.Line) != true,
            "cannot hold line where the input is split into partitions: the numbers of lines are not known while it is read in parts");

        void Require(string field, bool holds, string error)
        {
            if (!holds)
                errors.Add(new(field, error));
        }
    }

    private static void CheckNames(RunSettings settings, List<FieldError> errors)
    {
        CheckList("allowedTypes", settings.AllowedTypes, 0, MaxTypes, errors);
        errors.AddRange(CheckRoute("route", settings.Route));
        CheckList("groupBy", settings.GroupBy, 1, RunLimits.MaxGroupColumns, errors);
        CheckList("extraAggregates", settings.ExtraAggregates, 0, Figures.Length, errors);
        foreach (var figure in settings.ExtraAggregates?.Where(figure => !Figures.Contains(figure)) ?? [])
            errors.Add(new("extraAggregates", $"must be of {string.Join(", ", Figures)}, not {figure}"));
    }

    private static void CheckList(string field, IReadOnlyList<string>? names, int least, int most, List<FieldError> errors)
    {
        if (names is null || names.Count < least || names.Count > most)
            errors.Add(new(field, $"must be {least} to {most} names"));
        else if (names.Any(name => string.IsNullOrEmpty(name) || name.Length > MaxNameLength))
            errors.Add(new(field, $"must be names of 1 to {MaxNameLength} characters"));
        else if (names.Distinct(StringComparer.Ordinal).Count() < names.Count)
            errors.Add(new(field, "must not name one twice"));
    }

    // Their grammar is the Rules stage's, which is asked before there is a run, and refuses wrong ones when it opens.
    private static void CheckRules(RunSettings settings, List<FieldError> errors)
    {
        if (settings.Rules?.Length > MaxRulesLength)
            errors.Add(new("rules", $"must be a text of at most {MaxRulesLength} characters"));
        // The default rules would drop events by rules that the user did not write.
        else if (settings.Rules is not null && string.IsNullOrWhiteSpace(settings.Rules))
            errors.Add(new("rules", "must not be empty; without rules of its own a run has the default ones"));
    }
}
