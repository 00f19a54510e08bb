using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Cli.Generator;
using Pipeline.Client.Views;
using Pipeline.Files;
using Spectre.Console;

namespace Pipeline.Cli;

/// <summary>generate: makes input.</summary>
internal sealed class GenerateCommand
{
    private static readonly GeneratorOptions Defaults = new();

    private readonly Option<long> _count = OptionKinds.Whole("--count", "Lines", 0, GeneratorOptions.MaxCount, Defaults.Count);
    private readonly Option<long> _users = OptionKinds.Whole("--users", "Users", 1, GeneratorOptions.MaxCount, Defaults.Users);
    private readonly Option<long> _seed = OptionKinds.Whole(
        "--seed", "The same seed gives the same bytes; modulo 2^32", long.MinValue, long.MaxValue, Defaults.Seed);
    private readonly Option<UserDistribution> _distribution = OptionKinds.OneOf(
        "--distribution", "Who events are from",
        [("uniform", UserDistribution.Uniform), ("zipf", UserDistribution.Zipf), ("burst", UserDistribution.Burst)], Defaults.Distribution);
    private readonly Option<Workload> _workload = OptionKinds.OneOf(
        "--workload", "What lines are made", [("events", Workload.Events), ("work-items", Workload.WorkItems), ("mixed", Workload.Mixed)], Defaults.Workload);
    private readonly Option<double> _workRatio = OptionKinds.Number("--work-ratio", "Share of work items in a mixed workload", 0, 1, Defaults.WorkRatio);
    private readonly Option<PayloadSize> _payload = OptionKinds.OneOf(
        "--payload", "Size of work items", [("small", PayloadSize.Small), ("medium", PayloadSize.Medium), ("large", PayloadSize.Large)], Defaults.Payload);
    private readonly Option<string[]> _types = OptionKinds.Names("--types", "Types of events", [.. Defaults.Types]);
    private readonly Option<DateTimeOffset> _start = OptionKinds.Time("--start", "Clock before the first event", Defaults.Start);
    private readonly Option<string> _output = new("--output")
    {
        Description = "File to write, gzip where it ends in .gz; - is standard output",
        Required = true,
        HelpName = "FILE",
    };

    private readonly Option<bool> _overwrite = new("--overwrite") { Description = "Replace a file of that name" };

    private readonly Option<bool> _json;

    private GenerateCommand(Option<bool> json) => _json = json;

    /// <summary>The command.</summary>
    public static Command Build(Terminal terminal, Option<bool> json)
    {
        var generate = new GenerateCommand(json);
        var command = new CheckedCommand("generate", "Make events or work items to try the pipeline with", generate.Check)
        {
            generate._count, generate._users, generate._seed, generate._distribution, generate._workload, generate._workRatio,
            generate._payload, generate._types, generate._start, generate._output, generate._overwrite,
        };
        command.SetAction((parsed, cancellationToken) => generate.RunAsync(parsed, terminal, cancellationToken));
        return command;
    }

    private List<string> Check(ParseResult parsed)
    {
        var errors = OptionsOf(parsed).Validate().ToList();
        var output = CheckedCommand.ValueOr(parsed, _output, "");
        if (string.IsNullOrWhiteSpace(output))
        {
            errors.Add("--output must name a file");
        }
        else if (output != Terminal.StandardStream
            && !output.Contains('\0')
            && OutputPath.WhyNot(Path.GetFullPath(output), withRejects: false) is { } reason)
        {
            errors.Add($"--output {reason}");
        }

        if (output == Terminal.StandardStream && CheckedCommand.ValueOr(parsed, _json, false))
            errors.Add("--json: the lines go to standard output, and so would the report; name a file for the lines");
        return errors;
    }

    private async Task<int> RunAsync(ParseResult parsed, Terminal terminal, CancellationToken cancellationToken)
    {
        var (options, output) = (OptionsOf(parsed), parsed.GetRequiredValue(_output));
        var (toFile, overwrite) = (output != Terminal.StandardStream, parsed.GetValue(_overwrite));
        if (!toFile)
        {
            await terminal.WriteBytesAsync(standardOutput =>
            {
                LineGenerator.Write(options, standardOutput, null, cancellationToken);
                return Task.CompletedTask;
            });
            return ExitCodes.Ok;
        }

        var clock = Stopwatch.StartNew();
        try
        {
            if (terminal.Interactive is { } console)
                WithBar(console, options, output, overwrite, cancellationToken);
            else
                GeneratorOutput.Write(options, output, overwrite, null, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CliException(ExitCodes.Failed, $"{output} cannot be written: {error.Message}", error);
        }

        Tell(terminal, options, Path.GetFullPath(output), clock.Elapsed, parsed.GetValue(_json));
        return ExitCodes.Ok;
    }

    private static void WithBar(
        IAnsiConsole console, GeneratorOptions options, string output, bool overwrite, CancellationToken cancellationToken) =>
        console.Progress().AutoClear(true).Start(context =>
        {
            var bar = context.AddTask("generate", maxValue: Math.Max(1, options.Count));
            GeneratorOutput.Write(options, output, overwrite, new Reporter(bar), cancellationToken);
        });

    private static void Tell(Terminal terminal, GeneratorOptions options, string output, TimeSpan elapsed, bool json)
    {
        // The length of the file, not of a link to it.
        var bytes = new FileInfo(RootedPath.Resolve(output)).Length;
        if (json)
            terminal.WriteJson(new GeneratedFile(output, options.Count, bytes), CliJson.Default.GeneratedFile);
        else
            terminal.Output.WriteLine($"{Show.Count(options.Count, "line")}, {Show.Count(bytes, "byte")} in {elapsed.TotalSeconds:0.00} s: {output}");
    }

    private GeneratorOptions OptionsOf(ParseResult parsed)
    {
        return new GeneratorOptions
        {
            Count = Value(_count, Defaults.Count),
            Users = Value(_users, Defaults.Users),
            Seed = Value(_seed, Defaults.Seed),
            Distribution = Value(_distribution, Defaults.Distribution),
            Workload = Value(_workload, Defaults.Workload),
            WorkRatio = Value(_workRatio, Defaults.WorkRatio),
            Payload = Value(_payload, Defaults.Payload),
            Types = Value(_types, [.. Defaults.Types]),
            Start = Value(_start, Defaults.Start),
        };

        T Value<T>(Option<T> option, T otherwise) => CheckedCommand.ValueOr(parsed, option, otherwise);
    }

    private sealed class Reporter(ProgressTask bar) : IProgress<long>
    {
        public void Report(long value) => bar.Value = value;
    }
}

/// <summary>What generate made.</summary>
internal sealed record GeneratedFile(string Output, long Lines, long Bytes);

/// <summary>JSON of the command line alone.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(GeneratedFile))]
internal sealed partial class CliJson : JsonSerializerContext;
