using Microsoft.Extensions.Logging;

namespace Pipeline.LocalHost.Orchestration;

internal static partial class InstanceLog
{
    [LoggerMessage(1, LogLevel.Error, "{Reason}")]
    public static partial void LogFailedStart(this ILogger logger, string reason);
}
