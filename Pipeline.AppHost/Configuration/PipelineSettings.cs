using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.AppHost.Configuration;

/// <summary>Reads the section Pipeline, and checks it.</summary>
internal static class PipelineSettings
{
    private const int KeyDigits = 64;

    /// <summary>What may stand below Pipeline:Services.</summary>
    public static readonly IReadOnlyList<string> ServiceNames =
        ["broker", "ingest", "parse", "rules", "aggregate", "sink", "orchestrator"];

    /// <summary>Reads and checks the section; every service is in it, every program has its whole restart policy, and there is a key.</summary>
    /// <param name="configuration">The configuration with that section.</param>
    /// <param name="command">The command line; its errors are reported together with those of the section.</param>
    /// <exception cref="OptionsValidationException">The section is wrong; lists all errors.</exception>
    /// <exception cref="UsageException">The command line is wrong; lists its errors and those of the section.</exception>
    public static PipelineOptions Read(IConfiguration configuration, PipelineCommand command)
    {
        var section = configuration.GetSection(PipelineOptions.Section);
        var errors = new List<string>();
        var options = new PipelineOptions();
        Bind(section, options, errors);
        // Where Aspire publishes, its own options stand in a section of the same name.
        errors.AddRange(SettingsValidation.Ignored(section, typeof(PipelineOptions), isShared: command.Publishes));
        errors.AddRange(SettingsValidation.Errors(options, section.Path));
        options.Environment = EnvironmentOf(section);
        // An entry of a dictionary that cannot be bound is left out in silence: each is bound by itself.
        var services = section.GetSection(nameof(options.Services));
        foreach (var name in ServiceNames.Union(services.GetChildren().Select(service => service.Key), StringComparer.OrdinalIgnoreCase))
            options.Services[name] = ReadProgram<ServiceOptions>(section, services.GetSection(name), errors);
        foreach (var process in section.GetSection(nameof(options.Processes)).GetChildren())
            options.Processes[process.Key] = ReadProgram<ProcessOptions>(section, process, errors);

        PipelineValidator.Check(options, command.Publishes, errors);
        options.Key ??= RandomNumberGenerator.GetHexString(KeyDigits, lowercase: true);
        var misuse = command.Errors.ToList();
        if (!(command.IsRun || options.Demo) && command is not { Output: null, Overwrite: false, BatchSize: 0 })
            misuse.Add("--output, --overwrite and --batch-size are those of a run: without --input there is none where Pipeline:Demo is false");
        if (misuse.Count > 0)
            throw new UsageException(misuse.Concat(errors.Distinct()));
        return errors.Count == 0
            ? options
            : throw new OptionsValidationException(PipelineOptions.Section, typeof(PipelineOptions), errors.Distinct());
    }

    private static T ReadProgram<T>(IConfigurationSection pipeline, IConfigurationSection section, List<string> errors)
        where T : ProgramOptions, new()
    {
        var options = new T();
        // By themselves: a wrong value of another setting would end the binding of the section before them.
        Bind(pipeline.GetSection(nameof(options.Restart)), options.Restart, errors);
        Bind(section.GetSection(nameof(options.Restart)), options.Restart, errors);
        Bind(section, options, errors);
        options.Environment = EnvironmentOf(section);
        errors.AddRange(SettingsValidation.Ignored(section, typeof(T)));
        // What is wrong with the common policy has been told there.
        var (own, common) = ($"{section.Path}:{nameof(options.Restart)}", $"{pipeline.Path}:{nameof(options.Restart)}");
        errors.AddRange(SettingsValidation.Errors(options, section.Path)
            .Where(error => !errors.Contains(error.Replace(own, common, StringComparison.Ordinal))));
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

    private static void Bind(IConfigurationSection section, object options, List<string> errors)
    {
        try
        {
            section.Bind(options);
        }
        catch (InvalidOperationException exception)
        {
            // A value of another kind, such as a word for a number: told together with the other errors.
            errors.Add(exception.Message);
        }
    }
}
