using Pipeline.Orchestrator.Attempts;

namespace Pipeline.Orchestrator.Runs;

/// <summary>What is logged of runs.</summary>
internal static partial class RunLog
{
    [LoggerMessage(EventId = 3010, Level = LogLevel.Information, Message = "Run {RunId}: attempt {Attempt} through {Route}")]
    public static partial void Begins(ILogger logger, string runId, long attempt, string route);

    [LoggerMessage(EventId = 3018, Level = LogLevel.Information, Message = "Run {RunId}: starts, {Input} to {Output}")]
    public static partial void Starts(ILogger logger, string runId, string input, string output);

    [LoggerMessage(EventId = 3019, Level = LogLevel.Information, Message = "Run {RunId}: checkpoint {Checkpoint} durable at line {Line}")]
    public static partial void Commits(ILogger logger, string runId, long checkpoint, long line);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Information, Message = "Run {RunId}: waits for {What}")]
    public static partial void Waits(ILogger logger, string runId, string what);

    [LoggerMessage(EventId = 3023, Level = LogLevel.Warning, Message = "Run {RunId}: attempt {Attempt}: {Change}")]
    public static partial void TakesOver(ILogger logger, string runId, long attempt, string change);

    [LoggerMessage(EventId = 3024, Level = LogLevel.Information, Message = "Run {RunId}: {Role} is replaced by {Implementation}")]
    public static partial void Replaces(ILogger logger, string runId, string role, string implementation);

    [LoggerMessage(
        EventId = 3012, Level = LogLevel.Warning,
        Message = "Run {RunId}: attempt {Attempt} failed: {Reason} at {InstanceId}: {Error} (retryable: {Retryable})")]
    public static partial void Fails(ILogger logger, string runId, long attempt, string reason, string instanceId, string error, bool retryable);

    [LoggerMessage(
        EventId = 3013, Level = LogLevel.Warning,
        Message = "Run {RunId}: {InstanceId} at {Address} does not answer; it is not used until it registers again or answers")]
    public static partial void Suspects(ILogger logger, string runId, string instanceId, string address);

    [LoggerMessage(EventId = 3014, Level = LogLevel.Information, Message = "Run {RunId}: {State} in attempt {Attempt}{Error}")]
    public static partial void Rests(ILogger logger, string runId, string state, long attempt, string error);

    [LoggerMessage(EventId = 3021, Level = LogLevel.Warning, Message = "Run {RunId}: {Stall}")]
    public static partial void Stalls(ILogger logger, string runId, string stall);

    [LoggerMessage(EventId = 3022, Level = LogLevel.Information, Message = "Run {RunId}: the stall is over after {Seconds} s")]
    public static partial void StallEnds(ILogger logger, string runId, long seconds);

    [LoggerMessage(
        EventId = 3015, Level = LogLevel.Warning,
        Message = "Run {RunId}: its orchestrator stopped while it was active; it is interrupted and can be resumed")]
    public static partial void Interrupted(ILogger logger, string runId);

    [LoggerMessage(EventId = 3016, Level = LogLevel.Error, Message = "Run {RunId}: broke for a reason that is a defect")]
    public static partial void Breaks(ILogger logger, string runId, Exception exception);

    [LoggerMessage(EventId = 3017, Level = LogLevel.Error, Message = "Run {RunId}: its state cannot be stored: {Error}")]
    public static partial void Unstored(ILogger logger, string runId, string error);

    [LoggerMessage(EventId = 3027, Level = LogLevel.Information, Message = "Run {RunId}: deleted")]
    public static partial void Deleted(ILogger logger, string runId);

    [LoggerMessage(EventId = 3025, Level = LogLevel.Warning, Message = "Run {RunId}: the partial results of its slices could not be deleted: {Error}")]
    public static partial void SlicesLeft(ILogger logger, string runId, string error);

    [LoggerMessage(
        EventId = 3026, Level = LogLevel.Warning,
        Message = "Run {RunId}: no machine of the cluster could be asked to carry it out, it is asked again: {Error}")]
    public static partial void NotAsked(ILogger logger, string runId, string error);

    [LoggerMessage(EventId = 3029, Level = LogLevel.Warning, Message = "Run {RunId}: it could not be handed over to another machine of the cluster: {Error}")]
    public static partial void NotHandedOver(ILogger logger, string runId, string error);

    [LoggerMessage(EventId = 3032, Level = LogLevel.Warning, Message = "Run {RunId}: the request to {Reason} it was lost, repeat it: {Error}")]
    public static partial void NotPassedOn(ILogger logger, string runId, StopReason reason, string error);

    [LoggerMessage(EventId = 3028, Level = LogLevel.Warning, Message = "Run {RunId}: another machine of the cluster has taken it over, and goes on with it")]
    public static partial void Leaves(ILogger logger, string runId);
}
