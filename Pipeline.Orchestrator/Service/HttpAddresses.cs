using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Pipeline.ServiceDefaults.Endpoints;

namespace Pipeline.Orchestrator.Service;

/// <summary>Where the HTTP API and the page are.</summary>
internal static class HttpAddresses
{
    /// <summary>The first address of HTTP/1.1, such as http://127.0.0.1:5080, once the server listens.</summary>
    public static string HttpAddress(this IServer server, BoundEndpoints bound) => server.Features.Get<IServerAddressesFeature>()!.Addresses
        .Select(text => new Uri(text.Replace("://localhost", "://127.0.0.1", StringComparison.Ordinal)))
        // What the server is bound to is the gRPC endpoint and those of HTTP/1.1.
        .First(uri => uri.Port != bound.GrpcAddress.Port)
        .GetLeftPart(UriPartial.Authority);
}
