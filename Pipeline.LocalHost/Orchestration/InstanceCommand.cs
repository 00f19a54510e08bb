using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Pipeline.LocalHost.Processes;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>Works out what to start for an instance: program, arguments, directory, environment.</summary>
internal sealed class InstanceCommand(DistributedApplicationExecutionContext context, IConfiguration configuration)
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Meant for the host itself, not for what it starts.</summary>
    private static readonly string[] NotInherited =
        ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "DOTNET_LAUNCH_PROFILE", "URLS"];

    public async Task<(ProcessStartInfo Start, IReadOnlyDictionary<string, string> Environment)> BuildAsync(
        IResource resource,
        string id,
        InstancePorts ports,
        CancellationToken cancellationToken)
    {
        var environment = await EnvironmentAsync(resource, id, ports, cancellationToken);
        var start = resource switch
        {
            ProjectResource project => Project(project),
            ExecutableResource executable => Executable(executable),
            _ => throw new DistributedApplicationException($"'{resource.Name}' is neither a project nor an executable."),
        };
        foreach (var argument in resource.Annotations.OfType<ArgumentsAnnotation>().SelectMany(annotation => annotation.Arguments))
            start.ArgumentList.Add(await ResolveAsync(argument, resource, ports, cancellationToken));
        foreach (var name in NotInherited)
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return (start, environment);
    }

    private static ProcessStartInfo Project(ProjectResource project)
    {
        var metadata = project.Annotations.OfType<IProjectMetadata>().Single();
        if (!File.Exists(metadata.TargetPath))
            throw new DistributedApplicationException($"'{metadata.TargetPath}' is missing; build '{metadata.ProjectPath}'.");

        // Where this runtime came from, so that a dotnet that is not installed in the usual place serves the children too.
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        var extension = OperatingSystem.IsWindows() ? ".exe" : "";
        var native = Path.ChangeExtension(metadata.TargetPath, null) + extension;
        var start = File.Exists(native)
            ? new ProcessStartInfo(native)
            : new ProcessStartInfo(Path.Combine(root, "dotnet" + extension), [metadata.TargetPath]);
        start.WorkingDirectory = Path.GetDirectoryName(metadata.ProjectPath)!;
        start.Environment.TryAdd("DOTNET_ROOT", root);
        return start;
    }

    private static ProcessStartInfo Executable(ExecutableResource executable)
    {
        if (!Directory.Exists(executable.WorkingDirectory))
            throw new DistributedApplicationException($"The directory '{executable.WorkingDirectory}' of '{executable.Name}' does not exist.");
        var path = ExecutablePath.Find(executable.Command, executable.WorkingDirectory)
            ?? throw new DistributedApplicationException($"The command '{executable.Command}' of '{executable.Name}' was not found.");
        return new ProcessStartInfo(path) { WorkingDirectory = executable.WorkingDirectory };
    }

    private async Task<IReadOnlyDictionary<string, string>> EnvironmentAsync(
        IResource resource,
        string id,
        InstancePorts ports,
        CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, object>();
        if (resource is ProjectResource)
            AddTelemetry(values, resource, id);
        foreach (var (endpoint, port) in ports.All)
        {
            if (endpoint.TargetPortEnvironmentVariable is { } variable)
                values[variable] = port;
        }

        var callbackContext = new EnvironmentCallbackContext(context, resource, values, cancellationToken);
        foreach (var callback in resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToList())
            await callback.Callback(callbackContext);

        var urls = ports.All
            .Where(pair => pair.Key.UriScheme is "http" or "https" && pair.Key.TargetPortEnvironmentVariable is null)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key.UriScheme}://{pair.Key.TargetHost}:{pair.Value}"))
            .ToList();
        if (resource is ProjectResource && urls.Count > 0)
            values.TryAdd("ASPNETCORE_URLS", string.Join(';', urls));

        var environment = new Dictionary<string, string>();
        foreach (var (name, value) in values)
            environment[name] = await ResolveAsync(value, resource, ports, cancellationToken);
        return environment;
    }

    private void AddTelemetry(Dictionary<string, object> values, IResource resource, string id)
    {
        values["OTEL_SERVICE_NAME"] = resource.Name;
        values["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={id}";
        if (configuration[OtlpEndpoint] is not { Length: > 0 } endpoint)
            return;

        values[OtlpEndpoint] = endpoint;
        values["OTEL_EXPORTER_OTLP_PROTOCOL"] = configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] ?? "grpc";
        if (configuration["OTEL_EXPORTER_OTLP_HEADERS"] is { Length: > 0 } headers)
            values["OTEL_EXPORTER_OTLP_HEADERS"] = headers;
    }

    private static async ValueTask<string> ResolveAsync(
        object value,
        IResource resource,
        InstancePorts ports,
        CancellationToken cancellationToken) => value switch
        {
            string text => text,
            EndpointReferenceExpression { Property: EndpointProperty.TargetPort } own when own.Endpoint.Resource == resource =>
                ports.Of(own.Endpoint.EndpointName).ToString(CultureInfo.InvariantCulture),
            IValueProvider provider => await provider.GetValueAsync(cancellationToken) ?? "",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
}
