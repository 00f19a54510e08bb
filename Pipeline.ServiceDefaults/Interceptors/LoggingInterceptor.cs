using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Interceptors;

/// <summary>Logs each call when it ends: good ones at Debug, failed ones at Information, broken ones at Warning.</summary>
internal sealed partial class LoggingInterceptor(TimeProvider time, ILogger<LoggingInterceptor> logger) : CallInterceptor
{
    protected override async Task<T> AroundAsync<T>(ServerCallContext context, MethodType kind, Func<Task<T>> call)
    {
        var start = time.GetTimestamp();
        try
        {
            var answer = await call();
            Log(context, context.Status.StatusCode, start);
            return answer;
        }
        catch (Exception exception)
        {
            Log(context, StatusOf(exception, context), start);
            throw;
        }
    }

    // How a call that ended with this exception is answered.
    private static StatusCode StatusOf(Exception exception, ServerCallContext context) => exception switch
    {
        RpcException failure => failure.StatusCode,
        _ when context.CancellationToken.IsCancellationRequested => StatusCode.Cancelled,
        _ => StatusCode.Unknown,
    };

    private void Log(ServerCallContext context, StatusCode status, long start) => LogCall(
        logger,
        status switch
        {
            StatusCode.OK or StatusCode.Cancelled => LogLevel.Debug,
            StatusCode.Unknown or StatusCode.Internal or StatusCode.DataLoss => LogLevel.Warning,
            _ => LogLevel.Information,
        },
        context.Method, context.Peer, status, time.GetElapsedTime(start).TotalMilliseconds);

    [LoggerMessage(EventId = 1, Message = "{Method} from {Peer}: {Status} after {Milliseconds:F1} ms")]
    private static partial void LogCall(ILogger logger, LogLevel level, string method, string peer, StatusCode status, double milliseconds);
}
