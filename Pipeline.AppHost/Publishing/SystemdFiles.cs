using Aspire.Hosting.Pipelines;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Files;

namespace Pipeline.AppHost.Publishing;

#pragma warning disable ASPIREPIPELINES001, ASPIREPIPELINES004 // Steps of a publishing pipeline are a preview API.
/// <summary>
/// The step <c>aspire do systemd</c>: writes the application as units of systemd, which need no Aspire. What runs, with which arguments,
/// environment and replicas, is the application model's.
/// </summary>
internal static class SystemdFiles
{
    /// <summary>The target that all units are part of.</summary>
    public const string Target = "pipeline.target";

    /// <summary>The account of all services.</summary>
    public const string Account = "pipeline";

    /// <summary>Where the settings of a machine belong.</summary>
    public const string SettingsPath = "/etc/pipeline/pipeline.env";

    /// <summary>Where its secrets belong.</summary>
    public const string SecretsPath = "/etc/pipeline/secrets.env";

    /// <summary>The data directory where the configuration names no absolute one.</summary>
    public const string DefaultData = "/var/lib/pipeline";

    private const string Step = "systemd";

    /// <summary>Adds the step.</summary>
    public static void AddSystemdStep(this IDistributedApplicationBuilder builder, PipelineModel pipeline) =>
        builder.Pipeline.AddStep(Step, context => WriteAsync(context, pipeline), requiredBy: WellKnownPipelineSteps.Publish);

    private static async Task WriteAsync(PipelineStepContext context, PipelineModel pipeline)
    {
        var folder = context.Services.GetRequiredService<IPipelineOutputService>().GetOutputDirectory();
        var units = await SystemdUnit.AllAsync(context.Model, context.ExecutionContext, context.CancellationToken);
        var common = units[0].Environment
            .Where(variable => units.All(unit => unit.Environment.TryGetValue(variable.Key, out var value) && value == variable.Value))
            .ToDictionary();
        var data = pipeline.Directories.Data;
        var roots = pipeline.Directories.Roots.Split(Path.PathSeparator).Where(root => root != data).ToList();

        Directory.CreateDirectory(folder);
        // Also those of processes that are no longer configured; what else stands there is not Pipeline's.
        foreach (var former in Directory.EnumerateFiles(folder, "pipeline-*.service").Where(SystemdUnit.IsIn))
            File.Delete(former);
        foreach (var unit in units)
            await WriteAsync(unit.FileName, unit.ToText(common, data, roots));
        await WriteAsync(Target, SystemdTexts.TargetUnit);
        await WriteAsync(Path.GetFileName(SettingsPath), SystemdTexts.Settings(common));
        var secrets = Path.Combine(folder, Path.GetFileName(SecretsPath));
        File.Delete(secrets);
        await using (var file = new StreamWriter(PrivateFile.OpenWrite(secrets, FileMode.CreateNew)))
            await file.WriteAsync(SystemdTexts.Secrets(units.SelectMany(unit => unit.Secrets)));
        await WriteAsync("README.md", SystemdTexts.Readme(pipeline.Programs, data, [.. units.SelectMany(unit => unit.Instances)]));
        context.Summary.Add("systemd", folder);

        Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(folder, name), text, context.CancellationToken);
    }
}
