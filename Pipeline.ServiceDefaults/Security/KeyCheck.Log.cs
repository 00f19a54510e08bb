using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Security;

internal sealed partial class KeyCheck
{
    // Debug, because calls without the key may be many.
    [LoggerMessage(1, LogLevel.Debug, "Refused {Path} from port {Port}: wrong key or none")]
    private static partial void LogRefused(ILogger logger, string? path, int port);
}
