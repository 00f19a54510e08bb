using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Configuration;

namespace Pipeline.ServiceDefaults.Endpoints;

/// <summary>Binds the HTTP/1.1 endpoints that ASPNETCORE_URLS names, and the gRPC endpoint beside them.</summary>
/// <remarks>Plain-text HTTP/2 cannot share a port with HTTP/1.1: there is no TLS to negotiate the protocol with.</remarks>
internal sealed class KestrelSetup(IOptions<EndpointOptions> options, HttpUrls urls, BoundEndpoints bound, ConnectionGate gate)
    : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions kestrel)
    {
        // The section Kestrel of the configuration, which may be another program's, could bind any address, without the gate.
        kestrel.ConfigurationLoader = null;
        if (!options.TryGetValue(out var limits))
            return;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = limits.MaxConnections;
        kestrel.Limits.Http2.MaxStreamsPerConnection = limits.MaxStreamsPerConnection;
        kestrel.Limits.Http2.InitialStreamWindowSize = limits.StreamWindowBytes;
        kestrel.Limits.Http2.InitialConnectionWindowSize = limits.ConnectionWindowBytes;
        kestrel.Limits.Http2.KeepAlivePingDelay = limits.KeepAlivePingDelay;
        kestrel.Limits.Http2.KeepAlivePingTimeout = limits.KeepAlivePingTimeout;
        // A stream may wait as long as its reader needs (that is back-pressure); a peer that hangs is found by pings.
        kestrel.Limits.MinResponseDataRate = null;

        foreach (var url in urls.Endpoints)
        {
            if (url.Port == 0)
                kestrel.Listen(IPAddress.Loopback, 0, Http1);
            else if (url.Address is null)
                kestrel.ListenLocalhost(url.Port, Http1);
            else
                kestrel.Listen(url.Address, url.Port, Http1);
        }
        kestrel.Listen(IPAddress.Loopback, limits.GrpcPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.Use(next => connection => gate.HandleAsync(connection, next));
            bound.Expect(listen);
        });

        void Http1(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http1;
            listen.Use(next => connection => gate.HandleAsync(connection, next));
        }
    }
}
