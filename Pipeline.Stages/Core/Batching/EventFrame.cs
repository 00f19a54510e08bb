using Pipeline.Contracts;
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
                return column;
        }

        return null;
    }

    /// <summary>A column that the stage has asked for.</summary>
    /// <exception cref="StageException">protocol_violation: it is not there, or damaged.</exception>
    public EventColumn Require(string name)
    {
        var column = Find(name);
        var sound = column is { Width: 0 or 1 or 2 or 4 or 8, Scale: >= 0 and <= 9 }
            && column.DataLength == column.Width * Count
            && (column.Kind != ColumnKind.Text || column.Texts?.Count > 0);
        return sound ? column! : throw Unsound(name);
    }

    /// <summary>Adds rejected lines; all stay in order of line.</summary>
    public void AddRejects(IEnumerable<Reject> rejects)
    {
        Rejects.AddRange(rejects);
        Rejects.Sort((left, right) => left.Line.CompareTo(right.Line));
    }

    /// <summary>What <see cref="Require"/> throws.</summary>
    public static StageException Unsound(string name) =>
        new(FailureReasons.ProtocolViolation, $"a batch of events without a sound column '{name}', which this stage had asked for");

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var column in Columns)
            column.Dispose();

        Columns.Clear();
    }
}
