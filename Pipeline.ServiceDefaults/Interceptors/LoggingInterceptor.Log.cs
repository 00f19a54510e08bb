using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Interceptors;

internal sealed partial class LoggingInterceptor
{
    [LoggerMessage(EventId = 1, Message = "{Method} from {Peer}: {Status} after {Milliseconds:F1} ms")]
    private static partial void LogCall(ILogger logger, LogLevel level, string method, string peer, StatusCode status, double milliseconds);
}
