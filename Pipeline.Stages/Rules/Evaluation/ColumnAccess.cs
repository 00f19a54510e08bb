using System.Runtime.InteropServices;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Widths of columns, and their values at those widths. Columns are little-endian, as is every machine that .NET runs on here.</summary>
internal static class ColumnAccess
{
    /// <summary>Combinations of columns, for each row of a frame, up to which an expression is evaluated for them and not for the rows.</summary>
    public const int CombinationsPerRow = 8;

    /// <summary>Least width that holds unsigned codes below <paramref name="count"/>.</summary>
    public static int WidthOfCodes(int count) => count switch { <= 1 => 0, <= 256 => 1, <= 65_536 => 2, _ => 4 };

    /// <summary>Least width that holds numbers from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public static int WidthOfNumbers(long min, long max)
    {
        if (min == 0 && max == 0)
            return 0;

        return min >= sbyte.MinValue && max <= sbyte.MaxValue ? 1
            : min >= short.MinValue && max <= short.MaxValue ? 2
            : min >= int.MinValue && max <= int.MaxValue ? 4
            : 8;
    }

    /// <summary>The values of a column that is <c>sizeof(T)</c> wide.</summary>
    public static Span<T> As<T>(EventColumn column)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(column.Data);
}
