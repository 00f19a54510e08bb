using Microsoft.Extensions.Logging;

namespace Pipeline.Stages.Core.Runtime;

internal sealed partial class StageService
{
    [LoggerMessage(1, LogLevel.Information, "Run {RunId}, attempt {Attempt}: opened, batch size {BatchSize} (0 = auto)")]
    private partial void LogOpened(string runId, long attempt, int batchSize);

    [LoggerMessage(2, LogLevel.Information, "Run {RunId}, attempt {Attempt}: completed, {ItemsIn} items in, {ItemsOut} out")]
    private partial void LogCompleted(string runId, long attempt, long itemsIn, long itemsOut);

    [LoggerMessage(3, LogLevel.Information, "Run {RunId}, attempt {Attempt}: ended by the hop above after {ItemsIn} items in, {Discarded} frames discarded")]
    private partial void LogCancelled(string runId, long attempt, long itemsIn, long discarded);

    [LoggerMessage(4, LogLevel.Warning, "Run {RunId}, attempt {Attempt}: failed ({Reason}) after {ItemsIn} items in, {Discarded} frames discarded: {Failure}")]
    private partial void LogFailed(string runId, long attempt, string reason, string failure, long itemsIn, long discarded);

    [LoggerMessage(5, LogLevel.Error, "Run {RunId}, attempt {Attempt}: a defect in this stage")]
    private partial void LogBroken(string runId, long attempt, Exception exception);
}
