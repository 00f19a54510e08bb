using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.AppHost.Configuration;
using Pipeline.Contracts;
using Pipeline.Files;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost;

/// <summary>The AppHost's command line.</summary>
internal sealed partial record PipelineCommand
{
    public const string Usage = """
        dotnet run --project Pipeline.AppHost [-- OPTIONS]

          --input FILE|DIR     the NDJSON to run (plain or .gz); default a generated sample of 100,000 events
          --output FILE        where the results go; default the run's folder below the data directory
          --overwrite          replace files that stand where results and rejects go, whoever wrote them
          --batch-size N       lines per batch, 1 to 100000; default 0 or auto: as fits
          --resume RUN         go on with a run of this data directory that did not complete, as it was begun
          --exit               make the run and exit: 0, or not 0 with the reason; default stay up until Ctrl-C
          --verbose            show the processes' output together with --exit
          --help               show this
          --operation publish --step systemd --output-path DIR
                               write units of systemd to a folder; docs/cluster.md says more
          --SECTION:KEY=VALUE  anything of appsettings.json, such as --Pipeline:Services:parse:Replicas=2
        """;

    private const string KeySetting = "--Pipeline:Key";
    private const string DataSetting = "--Pipeline:Data";
    private const string DefaultProfile = "http";

    /// <summary>Sections of the configuration that the command line may set: those that Pipeline and Aspire read.</summary>
    private static readonly string[] Sections =
        ["Pipeline", "Orchestrator", "Cluster", "Logging", "Parameters", "ConnectionStrings", "AppHost", "Aspire", "Dashboard", "DcpPublisher", "Publishing"];

    /// <summary>What the host says of itself, such as the dashboard's address, is for a host that stays up.</summary>
    private const string QuietHost = "--Logging:LogLevel:Aspire.Hosting.DistributedApplication=Warning";

    // Of a step that fails, Aspire logs the stack trace three times: the command line says why.
    private static readonly string[] QuietFailures =
        [QuietHost, "--Logging:LogLevel:Aspire.Hosting.Publishing.PipelineExecutor=None", "--Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host=None"];

    /// <summary>Absolute; none means a generated sample.</summary>
    public string? Input { get; private init; }

    /// <summary>Absolute; none means the run's folder.</summary>
    public string? Output { get; private init; }

    /// <summary>Whether what stands at the output may be replaced.</summary>
    public bool Overwrite { get; private init; }

    /// <summary>Lines per batch; 0 means as fits.</summary>
    public int BatchSize { get; private init; }

    /// <summary>A run to go on with; none means a new one.</summary>
    public string? Resume { get; private init; }

    public bool Exit { get; private init; }

    public bool Verbose { get; private init; }

    public bool Help { get; private init; }

    /// <summary>Whether Aspire publishes the application, as <c>aspire do STEP</c> asks for: nothing is run, and the command line is Aspire's.</summary>
    public bool Publishes { get; private init; }

    /// <summary>What overrides the configuration, as <c>--key=value</c>; where Aspire publishes, the whole command line.</summary>
    public IReadOnlyList<string> Configuration { get; private init; } = [];

    /// <summary>How the AppHost was started, for a shell: up to its own options.</summary>
    public string Start { get; private init; } = "dotnet run --project Pipeline.AppHost";

    /// <summary>The data directory that a variable of the environment names; null: none does.</summary>
    public string? Data { get; private init; }

    /// <summary>What is wrong with the command line, an error for each wrong option; empty where it is right.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>Reads a command line, and reports what is wrong with it in <see cref="Errors"/>.</summary>
    public static PipelineCommand Parse(IReadOnlyList<string> args)
    {
        if (args is ["--operation", "publish", ..])
            return new PipelineCommand { Publishes = true, Configuration = args };
        var command = new PipelineCommand();
        var configuration = new List<string>();
        var errors = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            var (name, attached) = Split(args[i]);
            if (Sections.Any(section => name.StartsWith($"--{section}:", StringComparison.OrdinalIgnoreCase)))
            {
                configuration.Add($"{name}={Value()}");
                continue;
            }

            command = name switch
            {
                "--input" => command with { Input = FullPath(Value()) },
                "--output" => command with { Output = FullPath(Value()) },
                "--overwrite" => command with { Overwrite = Switch() },
                "--batch-size" => command with { BatchSize = Number(Value()) },
                "--resume" => command with { Resume = Run(Value()) },
                "--exit" => command with { Exit = Switch() },
                "--verbose" => command with { Verbose = Switch() },
                "--help" or "-h" => command with { Help = Switch() },
                _ => Unknown(),
            };

            PipelineCommand Unknown()
            {
                errors.Add($"unknown option '{args[i]}'");
                // Its value is no further unknown option.
                if (attached is null && name.StartsWith("--", StringComparison.Ordinal) && i + 1 < args.Count && !args[i + 1].StartsWith('-'))
                    i++;
                return command;
            }

            // Null: there is none, which is in the errors.
            string? Value() => attached ?? (++i < args.Count ? args[i] : Wrong($"{name} needs a value"));

            bool Switch() => attached is null || Wrong($"{name} takes no value") is null;

            string? FullPath(string? path) => path is null ? null
                : !string.IsNullOrWhiteSpace(path) && path != "-" ? RootedPath.MakeAbsolute(path)
                : Wrong($"{name} must name a file{(name == "--input" ? " or a directory" : "")}{(path == "-" ? ", since other processes open it" : "")}");

            string? Run(string? text) => text is null || RunId().IsMatch(text)
                ? text
                : Wrong($"--resume must be the id of a run, such as 20260101-120000-ab12, not '{text}'");

            int Number(string? text)
            {
                if (text == "auto")
                    return 0;
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= RunLimits.MaxBatchLines)
                    return number;
                if (text is not null)
                    Wrong($"--batch-size must be \"auto\" or a whole number from 0 to {RunLimits.MaxBatchLines}, not '{text}'");
                return 0;
            }

            string? Wrong(string error)
            {
                errors.Add(error);
                return null;
            }
        }

        if (command is { Resume: not null } and not { Input: null, Output: null, Overwrite: false, BatchSize: 0 })
            errors.Add("--resume goes on with the run as it was begun: without --input, --output, --overwrite and --batch-size");
        if (errors.Count > 0)
            errors[^1] += "; --help shows the options";
        return command with { Configuration = configuration, Errors = errors };
    }

    /// <summary>Whether a run is asked for; without one only the configuration may have one made, over a sample.</summary>
    public bool IsRun => Input is not null || Resume is not null || Exit;

    /// <summary>The arguments of the command line's program that make this run.</summary>
    /// <param name="sample">The input of a run that names none.</param>
    public string[] ToRun(string sample) =>
    [
        .. Resume is { } run ? ["resume", run] : (string[])["run", "--input", Input ?? sample, "--batch-size", $"{BatchSize}"],
        .. Output is { } output ? ["--output", output] : Array.Empty<string>(),
        .. Overwrite ? ["--overwrite"] : Array.Empty<string>(),
    ];

    /// <summary>
    /// The same, with how it was started taken into account: from another directory, by another profile, over data that a variable names.
    /// </summary>
    /// <param name="directory">The working directory.</param>
    /// <param name="project">The AppHost's folder.</param>
    /// <param name="environment">Reads a variable.</param>
    public PipelineCommand StartedFrom(string directory, string project, Func<string, string?> environment)
    {
        var relative = Path.GetRelativePath(directory, project);
        var profile = environment("DOTNET_LAUNCH_PROFILE") is { Length: > 0 } name && name != DefaultProfile
            ? $" --launch-profile {Shell.Current.Quote(name)}"
            : "";
        return this with
        {
            Start = $"dotnet run --project {Shell.Current.Quote(relative.Length < project.Length ? relative : project)}{profile}",
            Data = new[] { environment("Pipeline__Data"), environment("PIPELINE_DATA") }.FirstOrDefault(data => data is { Length: > 0 }),
        };
    }

    /// <summary>
    /// The command line that resumes a run of this one, for a shell; without the key, since any will do, and without the values of other secrets.
    /// </summary>
    public string ToResume(string run)
    {
        var settings = Configuration.Select(Split).Where(setting => !IsNamed(setting, KeySetting)).ToList();
        if (Data is not null && !settings.Exists(setting => IsNamed(setting, DataSetting)))
            settings.Add((DataSetting, Data));
        return string.Join(
            ' ',
            [
                Start,
                "-- --resume",
                run,
                .. Exit ? ["--exit"] : Array.Empty<string>(),
                .. Verbose ? ["--verbose"] : Array.Empty<string>(),
                .. settings.Select(setting => SecretNames.Has(setting.Name, setting.Value)
                    ? $"{setting.Name}=..."
                    : Shell.Current.Quote($"{setting.Name}={setting.Value}")),
            ]);
    }

    /// <summary>
    /// How the application is created. The dashboard is for a host that stays up, and shows the processes' output; a run that exits
    /// keeps the console for its result, unless it is to show that output.
    /// </summary>
    public DistributedApplicationOptions ToApplicationOptions() => new()
    {
        Args = HostArguments.WithSettingsOf(
            [
                .. Data is null ? Array.Empty<string>() : [$"{DataSetting}={Data}"],
                .. Exit && !Verbose ? [QuietHost] : Array.Empty<string>(),
                .. Publishes ? QuietFailures : [],
                .. Configuration,
            ],
            Projects.Pipeline_AppHost.ProjectPath),
        DisableDashboard = Exit,
        EnableResourceLogging = Exit && Verbose,
    };

    private static bool IsNamed((string Name, string? Value) setting, string name) => setting.Name.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static (string Name, string? Value) Split(string argument) =>
        argument.IndexOf('=') is > 0 and var at ? (argument[..at], argument[(at + 1)..]) : (argument, null);

    [GeneratedRegex(@"^\d{8}-\d{6}-[0-9a-f]{4}\z")]
    private static partial Regex RunId();
}
