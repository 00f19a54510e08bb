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
        PipelineOptions? bound = null;
        Bind(() => bound = section.Get<PipelineOptions>(), errors);
        var options = bound ?? new PipelineOptions();
        PipelineValidator.Check(options, errors);

        var restarts = new Dictionary<string, RestartOptions>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in ServiceNames)
            restarts[name] = ReadRestart(section, $"Services:{name}", errors);
        foreach (var name in options.Processes.Keys)
            restarts[name] = ReadRestart(section, $"Processes:{name}", errors);

        if (command.Errors.Count > 0)
            throw new UsageException(command.Errors.Concat(errors.Distinct()));
        return errors.Count == 0
            ? new PipelineSettings(options, restarts)
            : throw new OptionsValidationException(PipelineOptions.Section, typeof(PipelineOptions), errors.Distinct());
    }

    public ServiceOptions Service(string name) => options.Services.GetValueOrDefault(name) ?? new ServiceOptions();

    /// <summary>Whether a service or process is restarted after an end by itself with exit code 0.</summary>
    public bool RestartsAlways => restarts.Values.Any(restart => restart.Policy == RestartCondition.Always);

    /// <summary>The restart policy of a service or process: its own settings over the common ones.</summary>
    public RestartOptions Restart(string name) => restarts[name];

    private static RestartOptions ReadRestart(IConfigurationSection section, string path, List<string> errors)
    {
        var options = new RestartOptions();
        foreach (var restart in new[] { section.GetSection("Restart"), section.GetSection(path).GetSection("Restart") })
        {
            Bind(() => restart.Bind(options), errors);
            errors.AddRange(RangeValidation.Errors(options, restart.Path));
        }

        return options;
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
