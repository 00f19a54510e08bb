using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Pipeline.ServiceDefaults.Interceptors;

/// <summary>An interceptor that stands around whole calls, alike for all four kinds; the messages of a stream pass by it untouched.</summary>
internal abstract class CallInterceptor : Interceptor
{
    /// <summary>Stands around one call.</summary>
    protected abstract Task<T> AroundAsync<T>(ServerCallContext context, MethodType kind, Func<Task<T>> call);

    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        AroundAsync(context, MethodType.Unary, () => continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        AroundAsync(context, MethodType.ClientStreaming, () => continuation(requestStream, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        AroundAsync(context, MethodType.ServerStreaming, () => Answered(continuation(request, responseStream, context)));

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        AroundAsync(context, MethodType.DuplexStreaming, () => Answered(continuation(requestStream, responseStream, context)));

    private static async Task<bool> Answered(Task call)
    {
        await call;
        return true;
    }
}
