using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.WorkItems;

/// <summary>Gathers work items into batches of about 1 MiB.</summary>
internal sealed class WorkItemBatcher
{
    private const int FullBytes = 1 << 20;

    // Fields besides the numbers and the id, on the wire and at most.
    private const int ItemOverhead = 96;
    private WorkItemBatch? _batch;
    private long _bytes;

    /// <summary>True where nothing was added yet.</summary>
    public bool IsEmpty => _batch is null;

    /// <summary>Adds an item.</summary>
    /// <returns>False where the batch would become too large: take it, then add the item.</returns>
    public bool TryAdd(WorkItem item)
    {
        var bytes = (8L * (item.Vectors.Count + item.Matrix.Count)) + (3L * item.Id.Length) + ItemOverhead;
        if (_batch is not null && _bytes + bytes > FullBytes)
            return false;

        _batch ??= new WorkItemBatch();
        _batch.Items.Add(item);
        _bytes += bytes;
        return true;
    }

    /// <summary>The batch so far, null where it would be empty; the next one begins.</summary>
    public Frame? Take(long readMicros)
    {
        var batch = _batch;
        if (batch is null)
            return null;

        _batch = null;
        _bytes = 0;
        batch.ReadMicros = readMicros;
        return new MessageFrame(new StageInput { WorkItems = batch });
    }
}
