using System.Text.RegularExpressions;
using Pipeline.AppHost.Runs;
using Pipeline.AppHost.Supervision;
using Pipeline.Files;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.AppHost.Configuration;

/// <summary>Checks the section Pipeline; tells every error by its place.</summary>
internal static partial class PipelineValidator
{
    private const int MaxReplicas = 64;

    private static readonly string[] Single = ["broker", "orchestrator"];
    private static readonly string[] BuiltInBridges = ["log", "policy"];
    private static readonly string[] OwnNames = [RunConsole.Run, RunConsole.Sample, PipelineModel.KeyName, Supervisor.Dashboard];

    /// <param name="options">The section.</param>
    /// <param name="isForElsewhere">The processes will run on another machine, whose directories are not known here.</param>
    /// <param name="errors">What is wrong is added here.</param>
    public static void Check(PipelineOptions options, bool isForElsewhere, List<string> errors)
    {
        if (options.Key is { } key && !SharedKeyOptions.IsKey(key))
            errors.Add("Pipeline:Key must be 1 to 512 visible ASCII characters");
        if (string.IsNullOrWhiteSpace(options.Data))
            errors.Add("Pipeline:Data must name a directory");
        if (options.Install is not ['/', ..])
            errors.Add("Pipeline:Install must be an absolute path of Linux");
        for (var index = 0; index < options.Roots.Count; index++)
        {
            if (WhyNoRoot(options.Roots[index]) is { } reason)
                errors.Add($"Pipeline:Roots:{index} {reason}");
        }

        foreach (var (name, service) in options.Services)
            CheckService(name, service, errors);
        foreach (var (name, process) in options.Processes)
        {
            CheckProcess(name, process, errors);
            if (!isForElsewhere && !Directory.Exists(Path.GetFullPath(process.Directory, Projects.Pipeline_AppHost.ProjectPath)))
                errors.Add($"Pipeline:Processes:{name}:Directory: there is no directory '{process.Directory}'");
        }
    }

    // One that is not there yet may be made while the pipeline is up.
    private static string? WhyNoRoot(string root)
    {
        if (string.IsNullOrWhiteSpace(root))
            return "must name a directory";
        if (PipelineDirectories.WhyNoRoot(Path.GetFullPath(root)) is { } reason)
            return reason;
        try
        {
            var path = RootedPath.Resolve(Path.GetFullPath(root));
            return File.Exists(path) ? $"must name a directory; '{root}' is {FileStatus.Of(path)?.Special ?? "a file"}" : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"cannot be '{root}': {exception.Message}";
        }
    }

    private static void CheckService(string name, ServiceOptions service, List<string> errors)
    {
        var place = $"Pipeline:Services:{name}";
        if (!PipelineSettings.ServiceNames.Contains(name, StringComparer.OrdinalIgnoreCase))
            errors.Add($"{place} is no service; there are {string.Join(", ", PipelineSettings.ServiceNames)}");
        if (service.Port is < 1 or > 65535)
            errors.Add($"{place}:Port must be 1 to 65535, not {service.Port}");
        if (service.Port is not null && !Single.Contains(name, StringComparer.OrdinalIgnoreCase))
            errors.Add($"{place}:Port cannot be set; only {string.Join(" and ", Single)} have a fixed port");

        var most = Single.Contains(name, StringComparer.OrdinalIgnoreCase) ? 1 : MaxReplicas;
        if (service.Replicas > most || service.Replicas < (most == 1 ? 1 : 0))
            errors.Add($"{place}:Replicas must be {(most == 1 ? "1" : $"0 to {most}")}, not {service.Replicas}");
    }

    private static void CheckProcess(string name, ProcessOptions process, List<string> errors)
    {
        var place = $"Pipeline:Processes:{name}";
        if (name.Length > 64 || !NamePattern().IsMatch(name))
            errors.Add($"{place}: a name takes 1 to 64 ASCII letters, digits and single hyphens, a letter first and no hyphen last");
        if (PipelineSettings.ServiceNames.Contains(name, StringComparer.OrdinalIgnoreCase))
            errors.Add($"{place}: the name is taken by a service");
        var replica = ReplicaName().Match(name);
        if (replica.Success && PipelineSettings.ServiceNames.Contains(replica.Groups[1].Value, StringComparer.OrdinalIgnoreCase))
            errors.Add($"{place}: the name is that of a replica's log; take another, such as my-{name}");
        if (OwnNames.Contains(name, StringComparer.OrdinalIgnoreCase))
            errors.Add($"{place}: the name is taken by a resource of the AppHost");
        if (process.BuiltIn is not { } bridge)
        {
            if (string.IsNullOrWhiteSpace(process.Command))
                errors.Add($"{place}:Command must name a program");
        }
        else
        {
            if (!BuiltInBridges.Contains(bridge, StringComparer.OrdinalIgnoreCase))
                errors.Add($"{place}:BuiltIn must be one of {string.Join(", ", BuiltInBridges)}, not '{bridge}'");
            if (process.Command.Length > 0)
                errors.Add($"{place} must have Command or BuiltIn, not both");
            if (process.Role is null)
                errors.Add($"{place}:Role must be what the bridge is called in a route, such as audit");
        }

        if (process is { Role: not null, Stage: not null })
            errors.Add($"{place} must have Role or Stage, not both: a program with Role is no whole stage");
        RequireRole(nameof(process.Role), process.Role);
        RequireRole(nameof(process.Stage), process.Stage);

        void RequireRole(string setting, string? role)
        {
            if (role is not null && !RolePattern().IsMatch(role))
                errors.Add($"{place}:{setting} must be 1 to 64 of a-z, 0-9 and '-', a letter first, not '{role}'");
        }
    }

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,63}\z")]
    private static partial Regex RolePattern();

    [GeneratedRegex(@"^(.+)-[0-9]+\z")]
    private static partial Regex ReplicaName();

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*\z")]
    private static partial Regex NamePattern();
}
