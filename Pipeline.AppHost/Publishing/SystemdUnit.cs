using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.AppHost.Configuration;
using Pipeline.AppHost.Supervision;

namespace Pipeline.AppHost.Publishing;

/// <summary>A resource of the application as a unit of systemd.</summary>
/// <param name="Name">Name of the resource.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Directory">The working directory.</param>
/// <param name="Environment">Its environment, without secrets and without what only Aspire knows while it runs.</param>
/// <param name="Secrets">Names of the variables that hold secrets: they are in the file of secrets.</param>
/// <param name="References">Names of the resources whose addresses it is told.</param>
/// <param name="Replicas">
/// How many there are of it: the unit is a template; null where it has a port of its own, or is the user's own process.
/// </param>
/// <param name="Restart">When it is restarted.</param>
internal sealed partial record SystemdUnit(
    string Name,
    IReadOnlyList<string> Command,
    string Directory,
    SortedDictionary<string, string> Environment,
    IReadOnlyList<string> Secrets,
    IReadOnlySet<string> References,
    int? Replicas,
    RestartCondition Restart)
{
    /// <summary>Name of the unit's file.</summary>
    public string FileName => NameOf(Replicas is null ? "" : "@");

    /// <summary>Names of the units that are to be enabled.</summary>
    public IEnumerable<string> Instances => Replicas is { } replicas
        ? Enumerable.Range(1, replicas).Select(instance => NameOf(string.Create(CultureInfo.InvariantCulture, $"@{instance}")))
        : [FileName];

    /// <summary>The units of an application's processes.</summary>
    public static async Task<IReadOnlyList<SystemdUnit>> AllAsync(
        DistributedApplicationModel model, DistributedApplicationExecutionContext execution, CancellationToken cancellationToken)
    {
        var units = new List<SystemdUnit>();
        foreach (var resource in model.Resources)
        {
            if (resource.TryGetLastAnnotation<ExecutableAnnotation>(out var program))
                units.Add(await OfAsync(resource, program, execution, cancellationToken));
        }

        return units;
    }

    private static async Task<SystemdUnit> OfAsync(
        IResource resource,
        ExecutableAnnotation program,
        DistributedApplicationExecutionContext execution,
        CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, object>();
        var variables = new EnvironmentCallbackContext(execution, resource, values, cancellationToken);
        foreach (var annotation in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            await annotation.Callback(variables);
        var words = new List<object>();
        var arguments = new CommandLineArgsCallbackContext(words, resource, cancellationToken) { ExecutionContext = execution };
        foreach (var annotation in resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
            await annotation.Callback(arguments);

        var environment = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            if (TextOf(value) is not { } text || SecretNames.Has(name, text))
                continue;
            if (VariableName().IsMatch(name))
                environment[name] = text;
            // A name that systemd does not take, such as that of a log category: our programs take the setting as an argument, too.
            else if (resource is ProjectResource)
                words.Add($"--{name.Replace("__", ":", StringComparison.Ordinal)}={text}");
        }

        // Aspire sets this one while it runs.
        var endpoints = resource.Annotations.OfType<EndpointAnnotation>().Where(endpoint => endpoint.Port is not null).ToList();
        if (endpoints.Find(endpoint => endpoint.Transport != "http2") is { } http)
            environment["ASPNETCORE_URLS"] = AddressOf(http);
        return new SystemdUnit(
            resource.Name,
            [program.Command, .. words.Select(word => TextOf(word) ?? "")],
            program.WorkingDirectory,
            environment,
            [.. values.Where(variable => SecretNames.Has(variable.Key, TextOf(variable.Value))).Select(variable => variable.Key)],
            values.Values.OfType<EndpointReference>().Where(IsFixed).Select(endpoint => endpoint.Resource.Name).ToHashSet(),
            resource is not ProjectResource || endpoints.Count > 0 ? null
                : resource.Annotations.OfType<ExplicitStartupAnnotation>().Any() ? 0
                : resource.GetReplicaCount(),
            resource.Annotations.OfType<RestartAnnotation>().Last().Options.Policy);
    }

    private string NameOf(string suffix) => $"pipeline-{Name}{suffix}.service";

    // Null where only Aspire knows it, while it runs.
    private static string? TextOf(object value) => value switch
    {
        string text => text,
        EndpointReference endpoint when IsFixed(endpoint) => AddressOf(endpoint.EndpointAnnotation),
        EndpointReferenceExpression { Property: EndpointProperty.TargetPort } port =>
            port.Endpoint.EndpointAnnotation.TargetPort?.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableName();

    private static bool IsFixed(EndpointReference endpoint) => endpoint.EndpointAnnotation.Port is not null;

    private static string AddressOf(EndpointAnnotation endpoint) =>
        string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{endpoint.Port}");
}
