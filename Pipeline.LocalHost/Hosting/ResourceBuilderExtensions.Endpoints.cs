using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static partial class ResourceBuilderExtensions
{
    /// <summary>Gives the resource a port.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="port">The port, 1 to 65535; default any free one, and in tests always so.</param>
    /// <param name="targetPort">The port that the process is told; there is no proxy here, so it must not differ.</param>
    /// <param name="scheme">http, tcp, ...; default tcp.</param>
    /// <param name="name">Default the scheme.</param>
    /// <param name="env">The variable that tells the process the port; the endpoint is then left out of ASPNETCORE_URLS.</param>
    /// <param name="isProxied">False: the port stays as given, in tests too.</param>
    /// <param name="isExternal">Not used here.</param>
    /// <param name="protocol">Default TCP.</param>
    /// <exception cref="DistributedApplicationException">The resource has an endpoint of that name.</exception>
    public static IResourceBuilder<T> WithEndpoint<T>(
        this IResourceBuilder<T> builder,
        int? port = null,
        int? targetPort = null,
        string? scheme = null,
        [EndpointName] string? name = null,
        string? env = null,
        bool isProxied = true,
        bool? isExternal = null,
        ProtocolType? protocol = null)
        where T : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        var endpoint = new EndpointAnnotation(protocol ?? ProtocolType.Tcp, scheme, null, name, port, targetPort, isExternal, isProxied)
        {
            TargetPortEnvironmentVariable = env,
        };
        if (new EndpointReference(builder.Resource, endpoint.Name).Exists)
            throw new DistributedApplicationException($"Endpoint with name '{endpoint.Name}' already exists.");
        return builder.WithAnnotation(endpoint);
    }

    /// <summary>Gives the resource a port for HTTP.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="port">The port, 1 to 65535; default any free one, and in tests always so.</param>
    /// <param name="targetPort">The port that the process is told; there is no proxy here, so it must not differ.</param>
    /// <param name="name">Default http.</param>
    /// <param name="env">The variable that tells the process the port; the endpoint is then left out of ASPNETCORE_URLS.</param>
    /// <param name="isProxied">False: the port stays as given, in tests too.</param>
    public static IResourceBuilder<T> WithHttpEndpoint<T>(
        this IResourceBuilder<T> builder,
        int? port = null,
        int? targetPort = null,
        [EndpointName] string? name = null,
        string? env = null,
        bool isProxied = true)
        where T : IResourceWithEndpoints => builder.WithEndpoint(port, targetPort, "http", name, env, isProxied);

    /// <summary>An endpoint of the resource, by name; it may be described and allocated later.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="name">The endpoint's name.</param>
    public static EndpointReference GetEndpoint<T>(this IResourceBuilder<T> builder, [EndpointName] string name)
        where T : IResourceWithEndpoints => new(builder.Resource, name);

    /// <summary>Asks each process of the resource for its health over HTTP.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="path">Default /.</param>
    /// <param name="statusCode">The healthy answer; default 200.</param>
    /// <param name="endpointName">Default http.</param>
    /// <exception cref="DistributedApplicationException">The resource has no such endpoint.</exception>
    public static IResourceBuilder<T> WithHttpHealthCheck<T>(
        this IResourceBuilder<T> builder,
        string? path = null,
        int? statusCode = null,
        string? endpointName = null)
        where T : IResourceWithEndpoints
    {
        ArgumentNullException.ThrowIfNull(builder);
        var endpoint = new EndpointReference(builder.Resource, endpointName ?? "http");
        if (!endpoint.Exists || endpoint.Scheme is not ("http" or "https"))
            throw new DistributedApplicationException(
                $"Could not create HTTP health check for resource '{builder.Resource.Name}': it has no HTTP endpoint '{endpoint.EndpointName}'.");
        return builder.WithAnnotation(new HttpHealthCheckAnnotation(endpoint.EndpointName, path ?? "/", statusCode ?? 200));
    }
}
