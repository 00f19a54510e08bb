using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Configuration;
using Pipeline.ServiceDefaults.Endpoints;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Client.Channels;

/// <summary>
/// Channels to other services: with the key, keep-alive pings and a deadline on every unary call. Safe for use by several threads.
/// </summary>
/// <remarks>
/// A channel connects when it is first called, and again at the next call after its connection broke: a call to a service that
/// is away fails at once with UNAVAILABLE (with INTERNAL where the connection closes just under it), and when to try again is
/// the caller's decision alone.
/// </remarks>
public sealed class PipelineChannels(
    IOptions<ChannelOptions> options, SharedKey key, ILoggerFactory? loggerFactory = null) : IDisposable
{
    private readonly ConcurrentDictionary<Uri, Lazy<PipelineChannel>> _shared = new();

    /// <summary>The channel to this address, shared by all callers and not to be disposed. For addresses that are few, such as the broker's.</summary>
    /// <param name="address">An http URI on loopback, such as http://127.0.0.1:5070.</param>
    /// <exception cref="ArgumentException">Another kind of address.</exception>
    public PipelineChannel Get(Uri address) => _shared.GetOrAdd(address, key => new Lazy<PipelineChannel>(() => Create(key))).Value;

    /// <summary>A channel with a connection of its own, such as for one call that streams for long; dispose it.</summary>
    /// <param name="address">An http URI on loopback, such as http://127.0.0.1:5070.</param>
    /// <param name="wrap">Puts a handler around the connection's own; null = none.</param>
    /// <exception cref="ArgumentException">Another kind of address.</exception>
    public PipelineChannel Create(Uri address, Func<HttpMessageHandler, HttpMessageHandler>? wrap = null)
    {
        if (!LoopbackAddress.IsLoopback(address))
            throw new ArgumentException($"'{address}' is not an http URI on loopback.", nameof(address));
        var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = wrap is null ? CreateHandler() : wrap(CreateHandler()),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = options.Value.MaxMessageBytes,
            MaxSendMessageSize = options.Value.MaxMessageBytes,
            LoggerFactory = loggerFactory,
            // Every call carries the key; in plain text, since it stays on this machine.
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, CallCredentials.FromInterceptor((_, headers) =>
            {
                headers.Add("authorization", key.HeaderValue);
                return Task.CompletedTask;
            })),
            UnsafeUseInsecureChannelCallCredentials = true,
        });
        return new PipelineChannel(channel, options.Value.UnaryDeadline);
    }

    /// <summary>Ends all calls on shared channels.</summary>
    public void Dispose()
    {
        foreach (var channel in _shared.Values)
            channel.Value.Dispose();
    }

    private SocketsHttpHandler CreateHandler() => new()
    {
        EnableMultipleHttp2Connections = false,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = options.Value.KeepAlivePingDelay,
        KeepAlivePingTimeout = options.Value.KeepAlivePingTimeout,
        ConnectTimeout = options.Value.ConnectTimeout,
        InitialHttp2StreamWindowSize = options.Value.StreamWindowBytes,
        // Calls carry the trace context that their caller gives them: see TraceContext.
        ActivityHeadersPropagator = null,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // With a callback of its own a channel leaves connecting to the handler; without, grpc-dotnet's balancer would answer
        // for up to two minutes that a service is away that is back already.
        ConnectCallback = ConnectAsync,
    };

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // "localhost" is resolved here and not by the system, so that no configuration of it leads off this machine.
            EndPoint endPoint = context.DnsEndPoint.Host == "localhost"
                ? new IPEndPoint(IPAddress.Loopback, context.DnsEndPoint.Port)
                : context.DnsEndPoint;
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>Channels to other services.</summary>
public static class ChannelExtensions
{
    /// <summary>Adds <see cref="PipelineChannels"/>; any number of times. Needs AddServiceDefaults.</summary>
    public static void AddChannels(this IHostApplicationBuilder builder)
    {
        if (builder.Services.Any(service => service.ServiceType == typeof(PipelineChannels)))
            return;
        builder.Services.AddOptions<ChannelOptions>().BindSettings(ChannelOptions.Section);
        builder.Services.AddSingleton<PipelineChannels>();
    }
}
