using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Registry;

internal sealed partial class InstanceRegistry
{
    [LoggerMessage(1, LogLevel.Information, "{InstanceId} registered as {Role} at {Address}: revision {Revision}")]
    private static partial void LogRegistered(ILogger logger, string instanceId, string role, string address, long revision);

    [LoggerMessage(2, LogLevel.Information, "{InstanceId} drains: revision {Revision}")]
    private static partial void LogDraining(ILogger logger, string instanceId, long revision);

    [LoggerMessage(3, LogLevel.Information, "{InstanceId} departed ({Reason}): revision {Revision}")]
    private static partial void LogDeparted(ILogger logger, string instanceId, InstanceState reason, long revision);
}
