using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Pipeline.Client.Channels;

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
