using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Hops;

/// <summary>The hop above the stage that is checked: one connection, with at most one call of Process.</summary>
internal sealed class HopAbove : IDisposable
{
    private const int WindowBytes = 1024 * 1024;

    private readonly GrpcChannel _channel;
    private readonly Metadata _headers;
    private AsyncDuplexStreamingCall<StageInput, StageOutput>? _call;
    private Socket? _socket;

    /// <param name="target">The stage.</param>
    /// <param name="pingDelay">Silence after which it is pinged; null = never.</param>
    /// <param name="key">In the place of the stage's; empty = none.</param>
    public HopAbove(StageTarget target, TimeSpan? pingDelay = null, string? key = null)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = false,
            InitialHttp2StreamWindowSize = WindowBytes,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectCallback = ConnectAsync,
        };
        if (pingDelay is { } delay)
        {
            (handler.KeepAlivePingDelay, handler.KeepAlivePingTimeout) = (delay, StageContract.PingTimeout);
            handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        }

        _channel = GrpcChannel.ForAddress(target.Address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = StageContract.MaxMessageBytes,
            MaxSendMessageSize = StageContract.MaxMessageBytes,
        });
        key ??= target.Key;
        _headers = key.Length == 0 ? [] : new Metadata { { "authorization", $"Bearer {key}" } };
        Invoker = _channel.CreateCallInvoker();
    }

    /// <summary>For other calls on the same connection.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>The key, as headers.</summary>
    public Metadata Headers => _headers;

    private AsyncDuplexStreamingCall<StageInput, StageOutput> Call => _call ?? throw new InvalidOperationException("There is no call yet.");

    /// <summary>Begins the call.</summary>
    public void Begin(Metadata headers, CancellationToken cancellationToken)
    {
        var all = new Metadata();
        foreach (var entry in _headers.Concat(headers))
            all.Add(entry);
        _call = new Stage.StageClient(Invoker).Process(all, cancellationToken: cancellationToken);
    }

    /// <summary>Sends a message; returns when the stage's window has room for it.</summary>
    /// <exception cref="LostException">The call has ended; how, only <see cref="NextAsync"/> tells.</exception>
    public async Task SendAsync(StageInput message, CancellationToken cancellationToken)
    {
        try
        {
            await Call.RequestStream.WriteAsync(message, cancellationToken);
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException
            && !cancellationToken.IsCancellationRequested)
        {
            throw new LostException("the call ended before the stage had got everything");
        }
    }

    /// <summary>Sends the first message. A stage may end the call before it has read it.</summary>
    public async Task SendFirstAsync(StageInput message, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(message, cancellationToken);
        }
        catch (LostException)
        {
            // The answer says why.
        }
    }

    /// <summary>Says that nothing more is sent.</summary>
    public Task HalfCloseAsync() => Call.RequestStream.CompleteAsync();

    /// <summary>The next answer; null: the call has ended with OK.</summary>
    /// <exception cref="RpcException">It has ended otherwise.</exception>
    public async Task<StageOutput?> NextAsync(CancellationToken cancellationToken) =>
        await Call.ResponseStream.MoveNext(cancellationToken) ? Call.ResponseStream.Current : null;

    /// <summary>Reads to the end of the call.</summary>
    /// <param name="heard">Hears each answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What the call failed with; null: it ended with OK.</returns>
    public async Task<RpcException?> EndAsync(Action<StageOutput>? heard, CancellationToken cancellationToken)
    {
        try
        {
            while (await NextAsync(cancellationToken) is { } answer)
                heard?.Invoke(answer);
            return null;
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return exception;
        }
    }

    /// <summary>Cancels the call.</summary>
    public void Cancel() => Call.Dispose();

    /// <summary>Breaks the connection, as a process does that is killed.</summary>
    public void Break() => (_socket ?? throw new InvalidOperationException("There is no connection yet.")).Close(timeout: 0);

    public void Dispose()
    {
        _call?.Dispose();
        _channel.Dispose();
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var host = IPAddress.Parse(context.DnsEndPoint.Host.Trim('[', ']'));
        await _socket.ConnectAsync(new IPEndPoint(host, context.DnsEndPoint.Port), cancellationToken);
        return new NetworkStream(_socket, ownsSocket: true);
    }
}
