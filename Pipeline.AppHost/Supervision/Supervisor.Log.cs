using Microsoft.Extensions.Logging;

namespace Pipeline.AppHost.Supervision;

internal static partial class SupervisorLog
{
    [LoggerMessage(1, LogLevel.Warning, "{Id} {Why}; restart {Number} of {Limit} in {Seconds} s")]
    public static partial void Restarting(this ILogger logger, string id, string why, int number, int limit, double seconds);

    [LoggerMessage(2, LogLevel.Information, "{Id} {Why}; not restarted")]
    public static partial void Left(this ILogger logger, string id, string why);

    [LoggerMessage(3, LogLevel.Error, "{Reason}; the others stay up")]
    public static partial void GaveUp(this ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Warning, "{Id} does not answer; it is being replaced")]
    public static partial void Hung(this ILogger logger, string id);

    [LoggerMessage(5, LogLevel.Error, "{Id}: {Command} failed: {Reason}")]
    public static partial void CommandFailed(this ILogger logger, string id, string command, string reason);

    [LoggerMessage(6, LogLevel.Warning, "The dashboard ended (exit code {ExitCode}); the pipeline goes on without it")]
    public static partial void DashboardEnded(this ILogger logger, int? exitCode);

    [LoggerMessage(7, LogLevel.Error, "Process {Process} is left over and could not be killed: {Reason}")]
    public static partial void NotKilled(this ILogger logger, int process, string reason);

    [LoggerMessage(8, LogLevel.Warning, "Process {Process} could not be asked to stop: {Reason}")]
    public static partial void NotTerminated(this ILogger logger, int process, string reason);

    [LoggerMessage(9, LogLevel.Error, "{Id} is not supervised any more: its supervision failed")]
    public static partial void SupervisionFailed(this ILogger logger, Exception exception, string id);

    [LoggerMessage(10, LogLevel.Warning, "{Path}, left by a process that was killed, cannot be deleted: {Reason}")]
    public static partial void NotDeleted(this ILogger logger, string path, string reason);
}
