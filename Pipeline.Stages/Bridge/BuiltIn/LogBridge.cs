using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Bridge.BuiltIn;

/// <summary>Logs what passes. It reads no column, and changes nothing.</summary>
internal sealed partial class LogBridge(StageContext context) : ITransform
{
    private string _runId = "";
    private long _events;
    private long _workItems;
    private long _filtered;
    private long _rejected;

    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        _runId = open.RunId;
        LogOpened(context.Logger, open.RunId, open.Attempt, below!.Resume?.Id ?? 0);
        return ValueTask.FromResult(below);
    }

    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        switch (frame)
        {
            case EventFrame events:
                _events += events.Count;
                _filtered += events.Filtered;
                _rejected += events.Rejects.Count;
                LogBatch(context.Logger, _runId, events.Count, events.Rejects.Count);
                break;
            case MessageFrame { Message.WorkItems: { } items }:
                _workItems += items.Items.Count;
                break;
            case MessageFrame { Message.Checkpoint: { More: false } checkpoint }:
                LogCheckpoint(context.Logger, _runId, checkpoint.Id, checkpoint.OpenPosition()?.TotalLines ?? 0, _events, _workItems, _filtered, _rejected);
                break;
        }

        return output.WriteAsync(frame, cancellationToken);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [LoggerMessage(1040, LogLevel.Information, "Run {Run}, attempt {Attempt}: goes on from checkpoint {Checkpoint}")]
    private static partial void LogOpened(ILogger logger, string run, long attempt, long checkpoint);

    [LoggerMessage(1041, LogLevel.Debug, "Run {Run}: a batch of {Events} events, {Rejects} rejects")]
    private static partial void LogBatch(ILogger logger, string run, int events, int rejects);

    [LoggerMessage(
        1042, LogLevel.Information,
        "Run {Run}, checkpoint {Checkpoint} behind {Lines} lines: {Events} events, {WorkItems} work items, {Filtered} filtered, "
        + "{Rejected} rejected in this attempt")]
    private static partial void LogCheckpoint(
        ILogger logger, string run, long checkpoint, long lines, long events, long workItems, long filtered, long rejected);
}
