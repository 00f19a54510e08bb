using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Pipeline.Client.Channels;

/// <summary>One connection to one service. Pass <see cref="Invoker"/> to a generated client.</summary>
public sealed class PipelineChannel : IDisposable
{
    private readonly GrpcChannel _channel;

    internal PipelineChannel(GrpcChannel channel, Interceptor defaults)
    {
        _channel = channel;
        Invoker = channel.Intercept(defaults);
    }

    /// <summary>Makes the calls.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>Ends all calls and closes the connection.</summary>
    public void Dispose() => _channel.Dispose();
}
