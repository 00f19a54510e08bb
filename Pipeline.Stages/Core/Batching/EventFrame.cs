using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Batching;

/// <summary>Events by column, and rejected lines that travel with them: the contract's EventBatch.</summary>
public sealed class EventFrame : Frame
{
    /// <summary>Events, from 0.</summary>
    public int Count { get; set; }

    /// <summary>One column per field, each of <see cref="Count"/> values; owned by the frame.</summary>
    public List<EventColumn> Columns { get; } = [];

    /// <summary>Rejected lines, in order of line.</summary>
    public List<Reject> Rejects { get; } = [];

    /// <summary>Events that a stage above dropped since the frame before.</summary>
    public long Filtered { get; set; }

    /// <summary>As in <see cref="LineFrame.File"/>: all events of a frame are of one file.</summary>
    public string File { get; set; } = "";

    /// <summary>As in <see cref="LineFrame.ReadMicros"/>.</summary>
    public long ReadMicros { get; set; }

    /// <inheritdoc/>
    public override int Items => Count;

    /// <summary>The column of that name, or null.</summary>
    public EventColumn? Find(string name)
    {
        foreach (var column in Columns)
        {
            if (column.Name == name)
            {
                return column;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var column in Columns)
        {
            column.Dispose();
        }

        Columns.Clear();
    }
}
