using Pipeline.Contracts;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Cuts a frame of events in two.</summary>
internal static class FrameHalves
{
    /// <summary>Copies the halves; the frame stays as it is.</summary>
    /// <param name="frame">Of two events at least.</param>
    public static (EventFrame First, EventFrame Second) Of(EventFrame frame)
    {
        var middle = frame.Count / 2;
        var first = Copy(frame, 0, middle);
        var second = Copy(frame, middle, frame.Count - middle);
        first.Filtered = frame.Filtered;
        var next = second.Find(ColumnNames.Line);
        var line = next is null ? long.MaxValue : next.ReadNumber(0);
        foreach (var reject in frame.Rejects)
        {
            (reject.Line < line ? first : second).Rejects.Add(reject);
        }

        return (first, second);
    }

    private static EventFrame Copy(EventFrame frame, int start, int count)
    {
        var copy = new EventFrame { Count = count, ReadMicros = frame.ReadMicros, File = frame.File };
        foreach (var column in frame.Columns)
        {
            copy.Columns.Add(Copy(column, start, count));
        }

        return copy;
    }

    private static EventColumn Copy(EventColumn column, int start, int count)
    {
        var copy = new EventColumn { Name = column.Name, Kind = column.Kind, Scale = column.Scale, Texts = column.Texts is null ? null : new TextTable() };
        copy.Allocate(column.Width, count);
        column.Data.Slice(start * column.Width, count * column.Width).CopyTo(copy.Data);
        for (var code = 0; code < column.Texts?.Count; code++)
        {
            copy.Texts!.Add(column.Texts[code]);
        }

        return copy;
    }
}
