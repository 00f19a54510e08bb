using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Batching;

/// <summary>One field of all events of a frame: the contract's Column, in pooled memory; little-endian, as are the machines that it runs on.</summary>
public sealed class EventColumn : IDisposable
{
    private byte[] _data = [];

    /// <summary>Names that Parse can give: type, user (text), ts (Unix ms), value, line, offset (numbers).</summary>
    public required string Name { get; init; }

    /// <summary>Text, number or boolean.</summary>
    public required ColumnKind Kind { get; init; }

    /// <summary>Bytes per value: number 1, 2, 4 or 8, text 1, 2 or 4, boolean 1; 0 = every value is 0 and there is no data.</summary>
    public int Width { get; private set; }

    /// <summary>Number: decimals, 0 to 9; the value is data / 10^scale.</summary>
    public int Scale { get; set; }

    /// <summary>Text: the distinct values; a value of the column is an index into it.</summary>
    public TextTable? Texts { get; init; }

    /// <summary>Bytes in use of the column's data.</summary>
    public int DataLength { get; private set; }

    /// <summary>The values, <see cref="Width"/> bytes each: signed for numbers, unsigned for text and booleans.</summary>
    public Span<byte> Data => _data.AsSpan(0, DataLength);

    /// <summary>How many different raw values a narrow column can have: each lies below. 0 = the column is not narrow.</summary>
    public int Domain => Kind switch
    {
        ColumnKind.Text => Texts!.Count,
        ColumnKind.Boolean => 2,
        _ => Width switch { 0 => 1, 1 => 256, 2 => 65_536, _ => 0 },
    };

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
    public Span<T> As<T>()
        where T : unmanaged =>
        MemoryMarshal.Cast<byte, T>(Data);

    /// <summary>Text and boolean: the largest of the column's values; -1 where it has none, and 0 where it has no data.</summary>
    /// <param name="count">Events of the frame.</param>
    public long GreatestCode(int count) => count == 0 ? -1 : Width switch
    {
        0 => 0L,
        1 => Greatest<byte>(),
        2 => Greatest<ushort>(),
        _ => Greatest<uint>(),
    };

    /// <summary>A number's mantissa.</summary>
    public long ReadNumber(int row) => Width switch
    {
        0 => 0,
        1 => (sbyte)Data[row],
        2 => As<short>()[row],
        4 => As<int>()[row],
        _ => As<long>()[row],
    };

    /// <summary>A text's index, or a boolean.</summary>
    public int ReadCode(int row) => Width switch
    {
        0 => 0,
        1 => Data[row],
        2 => As<ushort>()[row],
        _ => As<int>()[row],
    };

    /// <summary>Makes room for <paramref name="count"/> values of <paramref name="width"/> bytes; the content is undefined.</summary>
    /// <param name="width">0, 1, 2, 4 or 8.</param>
    /// <param name="count">Values, from 0.</param>
    public void Allocate(int width, int count)
    {
        var length = checked(width * count);
        if (_data.Length < length)
        {
            Return();
            _data = ArrayPool<byte>.Shared.Rent(length);
        }

        Width = width;
        DataLength = length;
    }

    /// <summary>Writes all values at the column's width; what it cannot hold of a value is cut off.</summary>
    /// <param name="values">As many as were allocated.</param>
    public void Write<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryInteger<T>
    {
        switch (Width)
        {
            case var width when width == Unsafe.SizeOf<T>():
                MemoryMarshal.AsBytes(values).CopyTo(Data);
                break;
            case 1:
                Narrow<T, byte>(values);
                break;
            case 2:
                Narrow<T, ushort>(values);
                break;
            case 4:
                Narrow<T, uint>(values);
                break;
        }
    }

    /// <summary>Shortens the column to its first <paramref name="count"/> values.</summary>
    public void Truncate(int count) => DataLength = Math.Min(DataLength, Width * count);

    /// <inheritdoc/>
    public void Dispose()
    {
        Return();
        DataLength = 0;
        Texts?.Dispose();
    }

    private void Narrow<T, TNarrow>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryInteger<T>
        where TNarrow : unmanaged, IBinaryInteger<TNarrow>
    {
        var narrow = As<TNarrow>();
        for (var i = 0; i < narrow.Length; i++)
            narrow[i] = TNarrow.CreateTruncating(values[i]);
    }

    private T Greatest<T>()
        where T : unmanaged, INumber<T>
    {
        var values = As<T>();
        var vectors = As<Vector<T>>();
        var widest = Vector<T>.Zero;
        foreach (var vector in vectors)
            widest = Vector.Max(widest, vector);

        var greatest = T.Zero;
        for (var lane = 0; lane < Vector<T>.Count; lane++)
            greatest = T.Max(greatest, widest[lane]);

        foreach (var value in values[(vectors.Length * Vector<T>.Count)..])
            greatest = T.Max(greatest, value);

        return greatest;
    }

    private void Return()
    {
        if (_data.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_data);
            _data = [];
        }
    }
}
