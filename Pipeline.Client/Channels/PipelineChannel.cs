using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace Pipeline.Client.Channels;

/// <summary>One connection to one service. Pass <see cref="Invoker"/> to a generated client.</summary>
public sealed class PipelineChannel : IDisposable
{
    private readonly GrpcChannel _channel;

    internal PipelineChannel(GrpcChannel channel, TimeSpan unaryDeadline) =>
        (_channel, Invoker) = (channel, channel.Intercept(new CallDefaults(unaryDeadline)));

    /// <summary>Makes the calls.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>Ends all calls and closes the connection.</summary>
    public void Dispose() => _channel.Dispose();
}

/// <summary>Gives every unary call a deadline that has none.</summary>
/// <remarks>Calls that block, which nobody makes here, get none.</remarks>
internal sealed class CallDefaults(TimeSpan unaryDeadline) : Interceptor
{
    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        // By the system's clock, because that is what gRPC measures deadlines by.
        var options = context.Options.Deadline is null
            ? context.Options.WithDeadline(TimeProvider.System.GetUtcNow().UtcDateTime + unaryDeadline)
            : context.Options;
        return continuation(request, new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, options));
    }
}
