using Microsoft.Extensions.Logging;

namespace Pipeline.Client.Registry;

public sealed partial class RegistryWatcher
{
    [LoggerMessage(1, LogLevel.Information, "Registry of epoch {Epoch} at revision {Revision}: {Count} instances (compacted: {Compacted})")]
    private static partial void LogSnapshot(ILogger logger, string epoch, long revision, int count, bool compacted);

    [LoggerMessage(2, LogLevel.Warning, "The watch on the broker at {Address} broke, trying on: {Reason}")]
    private static partial void LogAway(ILogger logger, Uri address, string reason);

    [LoggerMessage(3, LogLevel.Error, "The broker's watch broke the protocol, beginning anew: {Reason}")]
    private static partial void LogProtocol(ILogger logger, string reason);
}
