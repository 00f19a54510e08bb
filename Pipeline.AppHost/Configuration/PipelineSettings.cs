using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Pipeline.AppHost.Supervision;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.AppHost.Configuration;

/// <summary>The checked configuration.</summary>
internal sealed class PipelineSettings(PipelineOptions options, IReadOnlyDictionary<string, RestartOptions> restarts)
{
    /// <summary>What may stand below Pipeline:Services.</summary>
    public static readonly IReadOnlyList<string> ServiceNames =
        ["broker", "ingest", "parse", "rules", "aggregate", "sink", "orchestrator"];

    private const string Restarts = "Restart";

    public PipelineOptions Options => options;

    /// <summary>Reads and checks the section Pipeline.</summary>
    /// <param name="configuration">The configuration with that section.</param>
    /// <param name="command">The command line; its errors are reported together with those of the section.</param>
    /// <exception cref="OptionsValidationException">The section is wrong; lists all errors.</exception>
    /// <exception cref="UsageException">The command line is wrong; lists its errors and those of the section.</exception>
    public static PipelineSettings Read(IConfiguration configuration, PipelineCommand command)
    {
        var section = configuration.GetSection(PipelineOptions.Section);
        var errors = new List<string>();
        var options = new PipelineOptions();
        Bind(() => section.Bind(options), errors);
        // Where Aspire publishes, its own options stand in a section of the same name.
        if (!command.Publishes)
            errors.AddRange(SettingsValidation.Ignored(section, typeof(PipelineOptions), Restarts));
        options.Environment = EnvironmentOf(section);
        errors.AddRange(SettingsValidation.Ignored(section.GetSection(nameof(options.Liveness)), typeof(LivenessOptions)));
        var restarts = new Dictionary<string, RestartOptions>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in ServiceNames)
            restarts[name] = ReadRestart(section, $"{nameof(options.Services)}:{name}", errors);
        // An entry of a dictionary that cannot be bound is left out in silence: each is bound by itself.
        foreach (var service in section.GetSection(nameof(options.Services)).GetChildren())
        {
            options.Services[service.Key] = Get<ServiceOptions>(service, errors);
            options.Services[service.Key].Environment = EnvironmentOf(service);
        }

        foreach (var process in section.GetSection(nameof(options.Processes)).GetChildren())
        {
            options.Processes[process.Key] = Get<ProcessOptions>(process, errors);
            options.Processes[process.Key].Environment = EnvironmentOf(process);
            restarts[process.Key] = ReadRestart(section, $"{nameof(options.Processes)}:{process.Key}", errors);
        }

        PipelineValidator.Check(options, command.Publishes, errors);
        var misuse = command.Errors.ToList();
        if (!(command.IsRun || options.Demo) && command is not { Output: null, Overwrite: false, BatchSize: 0 })
            misuse.Add("--output, --overwrite and --batch-size are those of a run: without --input there is none where Pipeline:Demo is false");
        if (misuse.Count > 0)
            throw new UsageException(misuse.Concat(errors.Distinct()));
        return errors.Count == 0
            ? new PipelineSettings(options, restarts)
            : throw new OptionsValidationException(PipelineOptions.Section, typeof(PipelineOptions), errors.Distinct());
    }

    public ServiceOptions Service(string name) => options.Services.GetValueOrDefault(name) ?? new ServiceOptions();

    /// <summary>The restart policy of a service or process: its own settings over the common ones.</summary>
    public RestartOptions Restart(string name) => restarts[name];

    private static RestartOptions ReadRestart(IConfigurationSection section, string path, List<string> errors)
    {
        var options = new RestartOptions();
        foreach (var restart in new[] { section.GetSection(Restarts), section.GetSection(path).GetSection(Restarts) })
        {
            errors.AddRange(SettingsValidation.Ignored(restart, typeof(RestartOptions)));
            Bind(() => restart.Bind(options), errors);
            errors.AddRange(SettingsValidation.Errors(options, restart.Path));
        }

        return options;
    }

    private static T Get<T>(IConfigurationSection section, List<string> errors)
        where T : new()
    {
        var options = new T();
        errors.AddRange(SettingsValidation.Ignored(section, typeof(T), Restarts));
        Bind(() => section.Bind(options), errors);
        return options;
    }

    // A name with "__" that comes from an environment variable of the AppHost is a path of sections here; it overrides the same name in a file.
    private static Dictionary<string, string?> EnvironmentOf(IConfigurationSection section)
    {
        var variables = new Dictionary<string, string?>();
        foreach (var (path, value) in section.GetSection("Environment").AsEnumerable(makePathsRelative: true).OrderBy(variable => variable.Key.Contains(':')))
        {
            if (value is not null)
                variables[path.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return variables;
    }

    private static void Bind(Action bind, List<string> errors)
    {
        try
        {
            bind();
        }
        catch (InvalidOperationException exception)
        {
            // A value of another kind, such as a word for a number: told together with the other errors.
            errors.Add(exception.InnerException is { } inner ? $"{exception.Message} {inner.Message}" : exception.Message);
        }
    }
}
