using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Rules.Evaluation;

/// <summary>Reads and writes single values of columns. Columns are little-endian, as is every machine that .NET runs on here.</summary>
internal static class ColumnAccess
{
    /// <summary>Least width that holds unsigned codes below <paramref name="count"/>.</summary>
    public static int WidthOfCodes(int count) => count switch { <= 1 => 0, <= 256 => 1, <= 65_536 => 2, _ => 4 };

    /// <summary>Least width that holds numbers from <paramref name="min"/> to <paramref name="max"/>.</summary>
    public static int WidthOfNumbers(long min, long max)
    {
        if (min == 0 && max == 0)
        {
            return 0;
        }

        return min >= sbyte.MinValue && max <= sbyte.MaxValue ? 1
            : min >= short.MinValue && max <= short.MaxValue ? 2
            : min >= int.MinValue && max <= int.MaxValue ? 4
            : 8;
    }

    public static long ReadNumber(ReadOnlySpan<byte> data, int width, int row) => width switch
    {
        0 => 0,
        1 => (sbyte)data[row],
        2 => BinaryPrimitives.ReadInt16LittleEndian(data[(row * 2)..]),
        4 => BinaryPrimitives.ReadInt32LittleEndian(data[(row * 4)..]),
        _ => BinaryPrimitives.ReadInt64LittleEndian(data[(row * 8)..]),
    };

    public static int ReadCode(ReadOnlySpan<byte> data, int width, int row) => width switch
    {
        0 => 0,
        1 => data[row],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(data[(row * 2)..]),
        4 => BinaryPrimitives.ReadInt32LittleEndian(data[(row * 4)..]),
        _ => throw new ArgumentOutOfRangeException(nameof(width), width, null),
    };

    /// <summary>Writes a number or a code; what does not fit the width is cut off.</summary>
    public static void Write(Span<byte> data, int width, int row, long value)
    {
        switch (width)
        {
            case 1:
                data[row] = (byte)value;
                break;
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(data[(row * 2)..], (short)value);
                break;
            case 4:
                BinaryPrimitives.WriteInt32LittleEndian(data[(row * 4)..], (int)value);
                break;
            case 8:
                BinaryPrimitives.WriteInt64LittleEndian(data[(row * 8)..], value);
                break;
        }
    }

    /// <summary>The values of a column that is <c>sizeof(T)</c> wide.</summary>
    public static Span<T> As<T>(EventColumn column)
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(column.Data);

    /// <summary>Largest of the codes of a column; -1 where there is none.</summary>
    public static int MaxCode(EventColumn column, int count)
    {
        if (count == 0 || column.Width == 0)
        {
            return count == 0 ? -1 : 0;
        }

        return column.Width switch
        {
            1 => Max<byte>(column.Data),
            2 => Max(As<ushort>(column)),
            _ => (int)Math.Min(int.MaxValue, Max(As<uint>(column))),
        };
    }

    private static T Max<T>(ReadOnlySpan<T> values)
        where T : unmanaged, INumber<T>
    {
        var max = default(T);
        var at = 0;
        if (values.Length >= Vector<T>.Count)
        {
            var widest = Vector<T>.Zero;
            for (; at <= values.Length - Vector<T>.Count; at += Vector<T>.Count)
            {
                widest = Vector.Max(widest, new Vector<T>(values[at..]));
            }

            for (var lane = 0; lane < Vector<T>.Count; lane++)
            {
                max = T.Max(max, widest[lane]);
            }
        }

        for (; at < values.Length; at++)
        {
            max = T.Max(max, values[at]);
        }

        return max;
    }
}
