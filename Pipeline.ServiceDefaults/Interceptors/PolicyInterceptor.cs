using System.Threading.RateLimiting;
using Grpc.Core;
using Microsoft.Extensions.Options;

namespace Pipeline.ServiceDefaults.Interceptors;

/// <summary>Bounds how many calls run at once, and how long a unary one may take.</summary>
internal sealed class PolicyInterceptor(IOptions<InterceptorOptions> options, TimeProvider time) : CallInterceptor, IDisposable
{
    private readonly PolicyOptions _policy = options.Value.Policy;
    private readonly PartitionedRateLimiter<string> _perMethod = CallsAtOnce(options.Value.Policy.MaxCallsPerMethod);
    private readonly PartitionedRateLimiter<string> _perPeer = CallsAtOnce(options.Value.Policy.MaxCallsPerPeer);

    public void Dispose()
    {
        _perMethod.Dispose();
        _perPeer.Dispose();
    }

    protected override async Task<T> AroundAsync<T>(ServerCallContext context, MethodType kind, Func<Task<T>> call)
    {
        // A peer is a connection here: its name holds the port that it calls from.
        var peer = $"{context.Peer} {context.Method}";
        var handler = HoldPlacesAsync();
        if (kind != MethodType.Unary)
            return await handler;
        try
        {
            return await handler.WaitAsync(_policy.MaxUnaryDuration, time);
        }
        catch (TimeoutException)
        {
            // One that has ended has thrown it itself, or has ended in this very moment.
            return handler.IsCompleted ? await handler : throw new RpcException(
                new Status(StatusCode.DeadlineExceeded, $"{context.Method} took longer than {_policy.MaxUnaryDuration}."));
        }

        // Until the handler returns, which may be long after its caller was answered that it took too long.
        async Task<T> HoldPlacesAsync()
        {
            using var ofPeer = Enter(_perPeer, peer, _policy.MaxCallsPerPeer, context.Method, "over this connection");
            using var ofMethod = Enter(_perMethod, context.Method, _policy.MaxCallsPerMethod, context.Method, "in all");
            return await call();
        }
    }

    private static PartitionedRateLimiter<string> CallsAtOnce(int limit) => PartitionedRateLimiter.Create<string, string>(key =>
        RateLimitPartition.GetConcurrencyLimiter(key, _ => new ConcurrencyLimiterOptions { PermitLimit = limit }));

    private static RateLimitLease Enter(PartitionedRateLimiter<string> limiter, string key, int limit, string method, string scope) =>
        limiter.AttemptAcquire(key) is { IsAcquired: true } place ? place : throw new RpcException(
            new Status(StatusCode.ResourceExhausted, $"{method} is under way {limit} times {scope}; no more are taken at once."));
}
