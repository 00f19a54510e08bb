using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.Events;

/// <summary>Collects the numbers of one column at one scale; gives them out at the least width that holds them all.</summary>
internal sealed class NumberColumn(string name)
{
    private long[] _values = new long[256];
    private int _count;
    private int _scale;

    /// <summary>Adds a number without decimals; the column has none with any.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(long value)
    {
        if (_count == _values.Length)
            Array.Resize(ref _values, _count * 2);

        _values[_count++] = value;
    }

    /// <summary>Adds mantissa / 10^scale; the column's scale becomes the largest of all that it holds.</summary>
    /// <returns>False where the scales do not go together: a mantissa would reach 2^63. The column is as it was.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdd(long mantissa, int scale)
    {
        if (scale != _scale && !TryRescale(ref mantissa, scale))
            return false;

        Add(mantissa);
        return true;
    }

    /// <summary>The column so far; this one is empty then.</summary>
    public EventColumn Take()
    {
        var column = new EventColumn { Name = name, Kind = ColumnKind.Number, Scale = _scale };
        var values = _values.AsSpan(0, _count);
        column.Allocate(WidthOf(values), _count);
        column.Write<long>(values);
        _count = 0;
        _scale = 0;
        return column;
    }

    private bool TryRescale(ref long mantissa, int scale)
    {
        if (scale < _scale)
        {
            var factor = PowersOfTen.Values[_scale - scale];
            if (!Fits(mantissa, factor))
                return false;

            mantissa *= factor;
            return true;
        }

        return TryRaise(scale);
    }

    private bool TryRaise(int scale)
    {
        var factor = PowersOfTen.Values[scale - _scale];
        var values = _values.AsSpan(0, _count);
        foreach (var value in values)
        {
            if (!Fits(value, factor))
                return false;
        }

        foreach (ref var value in values)
            value *= factor;

        _scale = scale;
        return true;
    }

    private static bool Fits(long value, long factor) => Math.Abs(value) <= long.MaxValue / factor;

    private static int WidthOf(ReadOnlySpan<long> values)
    {
        long any = 0;
        long magnitude = 0;
        var at = 0;
        if (values.Length >= Vector<long>.Count)
        {
            var vectors = MemoryMarshal.Cast<long, Vector<long>>(values);
            var anyOf = Vector<long>.Zero;
            var magnitudeOf = Vector<long>.Zero;
            foreach (var vector in vectors)
            {
                anyOf |= vector;
                magnitudeOf |= vector ^ Vector.LessThan(vector, Vector<long>.Zero);
            }

            for (var lane = 0; lane < Vector<long>.Count; lane++)
            {
                any |= anyOf[lane];
                magnitude |= magnitudeOf[lane];
            }

            at = vectors.Length * Vector<long>.Count;
        }

        foreach (var value in values[at..])
        {
            any |= value;
            magnitude |= value ^ (value >> 63);
        }

        return any == 0 ? 0 : EventColumn.WidthOfNumbers(~magnitude, magnitude);
    }
}
