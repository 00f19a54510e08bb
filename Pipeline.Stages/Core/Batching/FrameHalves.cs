using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Batching;

/// <summary>
/// Cuts a frame of events in two. Every line of the second half, event or reject, comes after those of the first: so rejects stay in order of line,
/// also where a stage below rejects further events. Without the column of lines no stage below can reject any.
/// </summary>
public static class FrameHalves
{
    /// <summary>Copies halves of as many events; the frame stays as it is.</summary>
    /// <param name="frame">Of two events at least.</param>
    public static (EventFrame First, EventFrame Second) Of(EventFrame frame)
    {
        var middle = frame.Count / 2;
        var lines = frame.Find(ColumnNames.Line);
        var line = lines is null ? long.MaxValue : lines.ReadNumber(middle);
        var next = frame.Rejects.FindIndex(reject => reject.Line >= line);
        return At(frame, middle, next < 0 ? frame.Rejects.Count : next);
    }

    /// <summary>Copies halves of as many rejects; the frame stays as it is.</summary>
    /// <param name="frame">Of two rejects at least.</param>
    public static (EventFrame First, EventFrame Second) OfRejects(EventFrame frame)
    {
        var middle = frame.Rejects.Count / 2;
        var row = 0;
        if (frame.Find(ColumnNames.Line) is { } lines)
        {
            while (row < frame.Count && lines.ReadNumber(row) < frame.Rejects[middle].Line)
                row++;
        }

        return At(frame, row, middle);
    }

    private static (EventFrame First, EventFrame Second) At(EventFrame frame, int row, int reject)
    {
        var first = Copy(frame, 0, row, frame.Rejects[..reject]);
        first.Filtered = frame.Filtered;
        return (first, Copy(frame, row, frame.Count - row, frame.Rejects[reject..]));
    }

    private static EventFrame Copy(EventFrame frame, int start, int count, List<Reject> rejects)
    {
        var copy = new EventFrame { Count = count, ReadMicros = frame.ReadMicros, File = frame.File };
        copy.Rejects.AddRange(rejects);
        foreach (var column in count > 0 ? frame.Columns : [])
            copy.Columns.Add(Copy(column, start, count));

        return copy;
    }

    private static EventColumn Copy(EventColumn column, int start, int count)
    {
        var copy = new EventColumn { Name = column.Name, Kind = column.Kind, Scale = column.Scale, Texts = column.Texts is null ? null : new TextTable() };
        if (column.Texts is not { } texts)
        {
            copy.Allocate(column.Width, count);
            column.Data.Slice(start * column.Width, count * column.Width).CopyTo(copy.Data);
            return copy;
        }

        // Of the texts those that the half uses: a half is cut again where they are too many.
        var codes = new int[texts.Count]; // in the half, plus 1; 0 = not used yet
        var values = new int[count];
        for (var row = 0; row < count; row++)
        {
            ref var code = ref codes[column.ReadCode(start + row)];
            code = code != 0 ? code : copy.Texts!.Add(texts[column.ReadCode(start + row)]) + 1;
            values[row] = code - 1;
        }

        copy.Allocate(EventColumn.WidthOfCodes(copy.Texts!.Count), count);
        copy.Write<int>(values);
        return copy;
    }
}
