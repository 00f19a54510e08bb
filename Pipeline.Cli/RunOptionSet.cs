using System.CommandLine;
using System.Text;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Files;

namespace Pipeline.Cli;

/// <summary>The options of a run on the command line.</summary>
internal sealed class RunOptionSet
{
    private static readonly RunSettings Defaults = new();
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Option<string> _input = new("--input")
    {
        Description = "NDJSON to read: a file, plain or .gz, or a directory of them; - is standard input, with --monolith only",
        HelpName = "FILE|DIR",
        Required = true,
    };

    private readonly Option<string?> _output = new("--output")
    {
        Description = "File for the results, gzip where it ends in .gz; rejects stand beside it. "
            + "Default: results.ndjson in the run's folder",
        HelpName = "FILE",
    };

    private readonly Option<bool> _overwrite = new("--overwrite")
    {
        Description = "Replace files that stand where results and rejects go, whoever wrote them",
    };

    private readonly Option<long> _batchSize = OptionKinds.Whole(
        "--batch-size", "Lines per batch", 0, RunLimits.MaxBatchLines, Defaults.BatchSize, word: "auto");
    private readonly Option<long> _linger = OptionKinds.Whole(
        "--linger", "Longest wait for a batch to fill, microseconds", 0, RunLimits.MaxLingerMicros, Defaults.LingerMicros);
    private readonly Option<long> _maxLineBytes = OptionKinds.Whole(
        "--max-line-bytes", "Longer lines are rejected", RunLimits.MinLineBytes, RunLimits.MaxLineBytes, Defaults.MaxLineBytes);
    private readonly Option<string?> _rules = new("--rules") { Description = "File of rules; docs/rules.md describes them", HelpName = "FILE" };
    private readonly Option<string[]> _groupBy = OptionKinds.Names("--group-by", "Columns to group by", [.. Defaults.GroupBy], "COLUMN,...");
    private readonly Option<string[]> _allowedTypes = OptionKinds.Names("--allowed-types", "Types that an event may have; others are rejected", [], "TYPE,...");
    private readonly Option<string[]> _aggregates = OptionKinds.Names("--aggregates", "Figures besides count, sum and avg", [], "min,max");
    private readonly Option<long> _checkpointInterval = OptionKinds.Whole(
        "--checkpoint-interval", "Milliseconds between checkpoints; 0 = only those at the beginning and at the end",
        0, RunLimits.MaxCheckpointMicros / 1_000, Defaults.CheckpointIntervalMillis);
    private readonly Option<string[]> _route = OptionKinds.Names(
        "--route", "Roles of the stages that the run goes through, first to last, such as ingest,parse,rules,audit,aggregate,sink", [], "ROLE,...");
    private readonly Option<bool> _allowUpgrade = new("--allow-upgrade")
    {
        Description = "Let other implementations of a role take over at any time; else the run waits for those that it began with",
    };

    private readonly Option<long> _partitions = OptionKinds.Whole(
        "--partitions", "Slices of the input, as many worked on at once as there are cores; auto = by the input's size and the cores of all machines",
        0, RunSettingsCheck.MaxPartitions, Defaults.Partitions, word: "auto", wordValue: 0);

    private readonly Option<double> _rate = OptionKinds.Number(
        "--rate", "Lines per second to read at; 0 = as fast as it goes", 0, RunLimits.MaxRate, Defaults.Rate);

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All =>
    [
        _input, _output, _overwrite, _batchSize, _linger, _maxLineBytes, _rules, _groupBy, _allowedTypes, _aggregates,
        _checkpointInterval, _route, _allowUpgrade, _partitions, _rate,
    ];

    /// <summary>Whether the results are to go to standard output.</summary>
    public bool WritesToStandardOutput(ParseResult parsed) => CheckedCommand.ValueOr(parsed, _output, null) == Terminal.StandardStream;

    /// <summary>The settings that they say, with paths made absolute; an input of - is standard input.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="errors">Takes what is wrong: files that cannot be read, wrong settings.</param>
    public RunSettings Read(ParseResult parsed, List<string> errors)
    {
        var named = Value(_input, "");
        var settings = new RunSettings
        {
            Input = ReadPath(named),
            Output = Value(_output, null) is { } output and not Terminal.StandardStream ? ReadPath(output) : null,
            Overwrite = Value(_overwrite, false),
            BatchSize = (int)Value(_batchSize, Defaults.BatchSize),
            LingerMicros = Value(_linger, Defaults.LingerMicros),
            MaxLineBytes = (int)Value(_maxLineBytes, Defaults.MaxLineBytes),
            Rules = ReadRules(Value(_rules, null), errors),
            GroupBy = Value(_groupBy, [.. Defaults.GroupBy]),
            AllowedTypes = Value(_allowedTypes, []),
            ExtraAggregates = Value(_aggregates, []),
            CheckpointIntervalMillis = Value(_checkpointInterval, Defaults.CheckpointIntervalMillis),
            Route = Value(_route, []),
            AllowUpgrade = Value(_allowUpgrade, false),
            Partitions = (int)Value(_partitions, Defaults.Partitions),
            Rate = Value(_rate, Defaults.Rate),
        };
        var isStandardInput = named == Terminal.StandardStream;
        errors.AddRange(RunSettingsCheck.Check(settings).Where(error => !isStandardInput || error.Field != "input").Select(Describe));
        return isStandardInput ? settings with { Input = named } : settings;

        T Value<T>(Option<T> option, T otherwise) => CheckedCommand.ValueOr(parsed, option, otherwise);
    }

    // An empty path stays empty, and is refused: it is often a variable that was not set. So is one with NUL, which .NET takes for no path.
    private static string ReadPath(string path) => string.IsNullOrWhiteSpace(path) ? "" : path.Contains('\0') ? path : RootedPath.MakeAbsolute(path);

    private static string? ReadRules(string? path, List<string> errors)
    {
        if (path is null)
            return null;
        if (string.IsNullOrWhiteSpace(path))
        {
            errors.Add("--rules must name a file");
            return null;
        }

        try
        {
            if (Directory.Exists(path))
                throw new IOException($"{Path.GetFullPath(path)} is a directory");
            return File.ReadAllText(path, StrictUtf8);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            errors.Add("--rules: " + error switch
            {
                DecoderFallbackException => $"{Path.GetFullPath(path)} is not UTF-8",
                FileNotFoundException or DirectoryNotFoundException => $"there is no file {Path.GetFullPath(path)}",
                _ => error.Message,
            });
            return null;
        }
    }

    /// <summary>An error of a field, named by its option.</summary>
    public static string Describe(FieldError error) => $"{NameOf(error.Field)} {error.Detail}";

    private static string NameOf(string field) => field switch
    {
        "batchSize" => "--batch-size",
        "lingerMicros" => "--linger",
        "maxLineBytes" => "--max-line-bytes",
        "groupBy" => "--group-by",
        "allowedTypes" => "--allowed-types",
        "extraAggregates" => "--aggregates",
        "checkpointIntervalMillis" => "--checkpoint-interval",
        "allowUpgrade" => "--allow-upgrade",
        _ => "--" + field,
    };
}
