using System.Numerics;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>The hot loops: each event's value to the accumulator of its code.</summary>
internal static class Accumulation
{
    /// <summary>Adds the events of a frame.</summary>
    /// <param name="codes">Text or boolean column: an event's code is its accumulator.</param>
    /// <param name="values">Numbers, as many as codes.</param>
    /// <param name="count">Events.</param>
    /// <param name="accumulators">By code; longer than every code.</param>
    public static void Add(EventColumn codes, EventColumn values, int count, Span<Accumulator> accumulators)
    {
        switch (codes.Width)
        {
            case 0:
                AddAll(values, count, ref accumulators[0]);
                break;
            case 1:
                Add<byte>(codes.Data, values, accumulators);
                break;
            case 2:
                Add<ushort>(codes.As<ushort>(), values, accumulators);
                break;
            default:
                Add<int>(codes.As<int>(), values, accumulators);
                break;
        }
    }

    /// <summary>Adds events by codes that are there already.</summary>
    public static void Add<TCode>(ReadOnlySpan<TCode> codes, EventColumn values, Span<Accumulator> accumulators)
        where TCode : unmanaged, INumber<TCode>
    {
        switch (values.Width)
        {
            case 0:
                AddZeros(codes, accumulators);
                break;
            case 1:
                AddNarrow(codes, values.As<sbyte>(), accumulators);
                break;
            case 2:
                AddNarrow(codes, values.As<short>(), accumulators);
                break;
            case 4:
                AddNarrow(codes, values.As<int>(), accumulators);
                break;
            default:
                AddWide(codes, values.As<long>(), accumulators);
                break;
        }
    }

    private static void AddZeros<TCode>(ReadOnlySpan<TCode> codes, Span<Accumulator> accumulators)
        where TCode : unmanaged, INumber<TCode>
    {
        foreach (var code in codes)
            Add(ref accumulators[int.CreateTruncating(code)], 0);
    }

    private static void AddNarrow<TCode, TValue>(ReadOnlySpan<TCode> codes, ReadOnlySpan<TValue> values, Span<Accumulator> accumulators)
        where TCode : unmanaged, INumber<TCode>
        where TValue : unmanaged, INumber<TValue>
    {
        for (var row = 0; row < codes.Length; row++)
            Add(ref accumulators[int.CreateTruncating(codes[row])], long.CreateTruncating(values[row]));
    }

    private static void AddWide<TCode>(ReadOnlySpan<TCode> codes, ReadOnlySpan<long> values, Span<Accumulator> accumulators)
        where TCode : unmanaged, INumber<TCode>
    {
        for (var row = 0; row < codes.Length; row++)
            AddWide(ref accumulators[int.CreateTruncating(codes[row])], values[row]);
    }

    private static void AddAll(EventColumn values, int count, ref Accumulator accumulator)
    {
        for (var row = 0; row < count; row++)
            AddWide(ref accumulator, values.ReadNumber(row));
    }

    private static void Add(ref Accumulator accumulator, long value)
    {
        accumulator.Count++;
        accumulator.Low += value;
        accumulator.Min = Math.Min(accumulator.Min, value);
        accumulator.Max = Math.Max(accumulator.Max, value);
    }

    private static void AddWide(ref Accumulator accumulator, long value)
    {
        accumulator.Count++;
        accumulator.Low += (uint)value;
        accumulator.High += value >> 32;
        accumulator.Min = Math.Min(accumulator.Min, value);
        accumulator.Max = Math.Max(accumulator.Max, value);
    }
}
