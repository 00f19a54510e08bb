using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Aggregate.Groups;
using Pipeline.Stages.Aggregate.WorkItems;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Runtime;

namespace Pipeline.Stages.Aggregate;

/// <summary>Counts and sums events by group, exactly, and finishes the score of work items.</summary>
/// <param name="context">Of the attempt.</param>
/// <param name="options">Limits; null = the defaults.</param>
public sealed class AggregateStage(StageContext context, AggregateOptions? options = null) : ITransform
{
    private GroupTable? _groups;
    private long _events;
    private long _filtered;

    /// <summary>What its process serves.</summary>
    public static StageDefinition Definition { get; } = new(
        "aggregate", Accepts: [BatchKinds.Events, BatchKinds.WorkItems], Emits: [BatchKinds.Events, BatchKinds.WorkItems],
        context => new AggregateStage(context));

    /// <inheritdoc/>
    /// <exception cref="StageException">checkpoint_corrupt: the groups are not those of the columns to group by; invalid_options.</exception>
    public bool Restore(OpenRun open, Checkpoint page)
    {
        var table = Table(open);
        foreach (var group in page.OpenState()?.Groups ?? [])
            table.Add(group);

        return true;
    }

    /// <inheritdoc/>
    /// <exception cref="StageException">invalid_options: the columns to group by.</exception>
    public ValueTask<RunOpened> OpenAsync(OpenRun open, RunOpened? below, CancellationToken cancellationToken)
    {
        var table = Table(open);
        var resumed = below?.Resume?.OpenState()?.Counts;
        _events = resumed?.Events ?? 0;
        _filtered = resumed?.Filtered ?? 0;
        var opened = new RunOpened { Resume = below?.Resume };
        opened.Columns.AddRange(table.GroupBy.Union([ColumnNames.Value]));
        return ValueTask.FromResult(opened);
    }

    /// <inheritdoc/>
    public ValueTask ProcessAsync(Frame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        switch (frame)
        {
            case EventFrame events:
                return ProcessAsync(events, output, cancellationToken);
            case MessageFrame { Message.Checkpoint: { } barrier }:
                return CheckpointAsync(barrier, output, cancellationToken);
            case MessageFrame { Message.WorkItems: { } work }:
                foreach (var item in work.Items)
                    FinalScore.Apply(item);

                RecordLatency(work.ReadMicros, work.Items.Count);
                break;
        }

        return output.WriteAsync(frame, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _groups?.Dispose();
        return ValueTask.CompletedTask;
    }

    private GroupTable Table(OpenRun open)
    {
        if (_groups is not null)
            return _groups;

        var columns = open.Options.GroupBy.Count == 0 ? [ColumnNames.Type] : open.Options.GroupBy.ToArray();
        return columns.Length <= RunLimits.MaxGroupColumns && columns.Distinct().Count() == columns.Length
            ? _groups = new GroupTable(columns, options ?? new AggregateOptions())
            : throw new StageException(
                FailureReasons.InvalidOptions, $"a run groups by at most {RunLimits.MaxGroupColumns} columns, each named once");
    }

    private ValueTask ProcessAsync(EventFrame frame, IFrameOutput output, CancellationToken cancellationToken)
    {
        if (frame.Count > 0)
        {
            var groups = _groups ?? throw new InvalidOperationException("The stage was not opened.");
            groups.Add(frame);
            RecordLatency(frame.ReadMicros, frame.Count);
        }

        _events += frame.Count;
        _filtered += frame.Filtered;
        frame.Dispose();
        if (frame.Rejects.Count == 0)
            return ValueTask.CompletedTask;

        frame.Count = 0;
        frame.Filtered = 0;
        return output.WriteAsync(frame, cancellationToken);
    }

    private async ValueTask CheckpointAsync(Checkpoint barrier, IFrameOutput output, CancellationToken cancellationToken)
    {
        var groups = 0L;
        foreach (var state in CheckpointPages.Of(_groups?.ToMessages() ?? [], new Counts { Events = _events, Filtered = _filtered }))
        {
            groups += state.Groups.Count;
            var more = state.Counts is null;
            var page = new Checkpoint { Id = barrier.Id, Position = more ? null : barrier.Position, State = Opaque.Of(state), More = more };
            await output.WriteAsync(new MessageFrame(new StageInput { Checkpoint = page }), cancellationToken);
        }

        context.Meter.GroupsOut = groups;
    }

    private void RecordLatency(long readMicros, int items)
    {
        if (readMicros > 0 && items > 0)
            context.Meter.Latency.Record(context.Time.GetMicros() - readMicros, items);
    }
}
