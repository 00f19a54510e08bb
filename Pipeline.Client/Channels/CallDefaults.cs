using Grpc.Core;
using Grpc.Core.Interceptors;
using Pipeline.ServiceDefaults.Security;

namespace Pipeline.Client.Channels;

/// <summary>Gives every call the key, and every unary call a deadline; messages pass by untouched.</summary>
/// <remarks>
/// Kinds of calls that nobody makes here, those that block and those that stream requests alone, get neither: without the key they are refused.
/// </remarks>
internal sealed class CallDefaults(SharedKey key, TimeSpan unaryDeadline) : Interceptor
{
    private const string Authorization = "authorization";

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, unary: true));

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context,
        AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(request, With(context, unary: false));

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation) =>
        continuation(With(context, unary: false));

    private ClientInterceptorContext<TRequest, TResponse> With<TRequest, TResponse>(ClientInterceptorContext<TRequest, TResponse> context, bool unary)
        where TRequest : class
        where TResponse : class
    {
        // The caller's headers may be shared between its calls: they are copied, not added to.
        var headers = new Metadata();
        foreach (var entry in context.Options.Headers ?? [])
            headers.Add(entry);
        if (headers.Get(Authorization) is null)
            headers.Add(Authorization, key.HeaderValue);
        var options = context.Options.WithHeaders(headers);
        // The system's clock, because that is what gRPC measures deadlines by.
        if (unary && options.Deadline is null)
            options = options.WithDeadline(TimeProvider.System.GetUtcNow().UtcDateTime + unaryDeadline);
        return new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, options);
    }
}
