using System.Runtime.InteropServices;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>Finds and reads columns.</summary>
internal static class Columns
{
    /// <summary>A column that must be there.</summary>
    /// <exception cref="StageException">protocol_violation: it is not there, or damaged.</exception>
    public static EventColumn Require(EventFrame frame, string name)
    {
        var column = frame.Find(name);
        var sound = column is { Width: 0 or 1 or 2 or 4 or 8, Scale: >= 0 and <= 9 }
            && column.DataLength == column.Width * frame.Count
            && (column.Kind != ColumnKind.Text || (column.Width <= 4 && column.Texts?.Count > 0))
            && (column.Kind != ColumnKind.Boolean || column.Width <= 1);
        return sound ? column! : throw Unsound(name);
    }

    public static StageException Unsound(string name) =>
        new(FailureReasons.ProtocolViolation, $"a batch of events came to Aggregate without a sound column '{name}'");

    public static long ReadNumber(EventColumn column, int row) => column.Width switch
    {
        0 => 0,
        1 => (sbyte)column.Data[row],
        2 => MemoryMarshal.Cast<byte, short>(column.Data)[row],
        4 => MemoryMarshal.Cast<byte, int>(column.Data)[row],
        _ => MemoryMarshal.Cast<byte, long>(column.Data)[row],
    };

    public static int ReadCode(EventColumn column, int row) => column.Width switch
    {
        0 => 0,
        1 => column.Data[row],
        2 => MemoryMarshal.Cast<byte, ushort>(column.Data)[row],
        _ => MemoryMarshal.Cast<byte, int>(column.Data)[row],
    };
}
