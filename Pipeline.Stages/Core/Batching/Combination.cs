using System.Numerics;

namespace Pipeline.Stages.Core.Batching;

/// <summary>
/// One code per row for several narrow columns together, as digits of a mixed-radix number: what depends on them alone is then made once for each
/// combination that a frame has, and not for each row.
/// </summary>
/// <param name="columns">How many columns.</param>
/// <param name="perRow">Combinations that a frame may have for each of its rows: with more, going through the rows is cheaper.</param>
public sealed class Combination(int columns, int perRow)
{
    // So many are allowed however few rows there are.
    private const int Few = 1024;

    private readonly int[] _strides = new int[columns + 1];
    private int[] _codes = [];
    private int _count;

    /// <summary>The columns of the frame at hand, set by the caller; no code of theirs lies beyond its column's <see cref="EventColumn.Domain"/>.</summary>
    public EventColumn[] Columns { get; } = new EventColumn[columns];

    /// <summary>Codes lie below.</summary>
    public int Domain => _strides[^1];

    /// <summary>By row.</summary>
    public ReadOnlySpan<int> Codes => _codes.AsSpan(0, _count);

    /// <summary>Combines the columns.</summary>
    /// <param name="count">Events of the frame.</param>
    /// <returns>False: one of them is wide, or they have too many combinations for so few rows.</returns>
    public bool TryCombine(int count)
    {
        long domain = 1;
        for (var column = 0; column < Columns.Length; column++)
        {
            _strides[column] = (int)domain;
            domain *= Columns[column].Domain;
            if (domain == 0 || domain > Math.Max(Few, (long)perRow * count))
                return false;
        }

        _strides[^1] = (int)domain;
        _count = count;
        if (_codes.Length < count)
            _codes = new int[Math.Max(count, _codes.Length * 2)];

        _codes.AsSpan(0, count).Clear();
        for (var column = 0; column < Columns.Length; column++)
            Add(Columns[column], _strides[column]);

        return true;
    }

    /// <summary>A column's raw value, unsigned, of a code.</summary>
    public int CodeOf(int code, int column) => code % _strides[column + 1] / _strides[column];

    private void Add(EventColumn column, int stride)
    {
        switch (column.Width)
        {
            case 1:
                Add<byte>(column.Data, stride);
                break;
            case 2:
                Add(column.As<ushort>(), stride);
                break;
            case 4:
                Add(column.As<int>(), stride);
                break;
        }
    }

    private void Add<T>(ReadOnlySpan<T> values, int stride)
        where T : unmanaged, INumber<T>
    {
        for (var row = 0; row < values.Length; row++)
            _codes[row] += int.CreateTruncating(values[row]) * stride;
    }
}
