using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Pipeline.Client.Registration;

public sealed partial class BrokerRegistration
{
    [LoggerMessage(1, LogLevel.Information, "{InstanceId} registered: lease {LeaseId}, revision {Revision}, time to live {TimeToLive} ms")]
    private static partial void LogRegistered(ILogger logger, string instanceId, long leaseId, long revision, long timeToLive);

    [LoggerMessage(2, LogLevel.Warning, "The broker does not know the lease of {InstanceId}: registering again")]
    private static partial void LogLeaseUnknown(ILogger logger, string instanceId);

    [LoggerMessage(
        7, LogLevel.Warning,
        "Another process has registered as {InstanceId}: this one finishes what it has, takes nothing new and does not register again. "
        + "End one of the two, or start them with different ids (PIPELINE_INSTANCE)")]
    private static partial void LogReplaced(ILogger logger, string instanceId);

    [LoggerMessage(3, LogLevel.Warning, "The broker at {Address} cannot be reached, trying on: {Reason}")]
    private static partial void LogAway(ILogger logger, Uri address, string reason);

    [LoggerMessage(8, LogLevel.Warning, "The broker at {Address} does not take the registration of {InstanceId}, trying on: {Reason}")]
    private static partial void LogRefused(ILogger logger, Uri address, string instanceId, string reason);

    [LoggerMessage(4, LogLevel.Information, "The broker can be reached again")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "{InstanceId} unregistered")]
    private static partial void LogUnregistered(ILogger logger, string instanceId);

    [LoggerMessage(6, LogLevel.Warning, "{InstanceId} could not unregister ({Status}): its lease will run out")]
    private static partial void LogNotUnregistered(ILogger logger, string instanceId, StatusCode status);
}
