
namespace Pipeline.Stages.Sink;

/// <summary>What a run's last stage tells.</summary>
internal sealed partial class SinkRun
{
    [LoggerMessage(EventId = 5001, Level = LogLevel.Information, Message = "Attempt {Attempt} goes on from checkpoint {Checkpoint} in {Folder}")]
    private partial void LogOpened(long attempt, long checkpoint, string folder);

    [LoggerMessage(EventId = 5002, Level = LogLevel.Debug, Message = "Checkpoint {Checkpoint} is durable at line {Line}")]
    private partial void LogCommitted(long checkpoint, long line);

    [LoggerMessage(EventId = 5003, Level = LogLevel.Information, Message = "Results of {Lines} lines are in {Path}")]
    private partial void LogCompleted(string path, long lines);

    [LoggerMessage(EventId = 5004, Level = LogLevel.Information, Message = "Results are in {Path} already: an earlier attempt completed the run")]
    private partial void LogCompletedBefore(string path);

    [LoggerMessage(EventId = 5005, Level = LogLevel.Warning, Message = "Files that are no longer needed were left behind by the run in {Folder}")]
    private partial void LogLeftBehind(string folder, Exception failure);
}
