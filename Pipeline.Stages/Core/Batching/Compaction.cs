using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Pipeline.Stages.Core.Batching;

/// <summary>Closes the gaps that dropped rows leave in a column, in place.</summary>
public static class Compaction
{
    /// <summary>Keeps the rows whose state is 0.</summary>
    /// <param name="column">Of as many rows as <paramref name="state"/>.</param>
    /// <param name="state">By row.</param>
    /// <param name="kept">How many rows have state 0.</param>
    public static void Apply(EventColumn column, ReadOnlySpan<byte> state, int kept)
    {
        switch (column.Width)
        {
            case 1:
                ApplyBytes(column.Data, state);
                break;
            case 2:
                Apply(column.As<short>(), state);
                break;
            case 4:
                Apply(column.As<int>(), state);
                break;
            case 8:
                Apply(column.As<long>(), state);
                break;
        }

        column.Truncate(kept);
    }

    private static void Apply<T>(Span<T> values, ReadOnlySpan<byte> state)
        where T : unmanaged
    {
        var to = 0;
        for (var row = 0; row < state.Length; row++)
        {
            values[to] = values[row];
            to += state[row] == 0 ? 1 : 0;
        }
    }

    // Eight rows at once: a bit mask of whole bytes says which stay, and PEXT moves those together. It never writes past what
    // it has read.
    private static void ApplyBytes(Span<byte> values, ReadOnlySpan<byte> state)
    {
        var to = 0;
        var row = 0;
        if (Bmi2.X64.IsSupported)
        {
            for (; row <= state.Length - 8; row += 8)
            {
                var keep = ZeroBytes(MemoryMarshal.Read<ulong>(state[row..]));
                var packed = Bmi2.X64.ParallelBitExtract(MemoryMarshal.Read<ulong>(values[row..]), (keep >> 7) * 0xFF);
                MemoryMarshal.Write(values[to..], packed);
                to += BitOperations.PopCount(keep);
            }
        }

        for (; row < state.Length; row++)
        {
            values[to] = values[row];
            to += state[row] == 0 ? 1 : 0;
        }
    }

    // 0x80 in every byte that is zero, exactly (Hacker's Delight, 6-1).
    private static ulong ZeroBytes(ulong bytes)
    {
        const ulong Low = 0x7F7F7F7F7F7F7F7F;
        return ~(((bytes & Low) + Low) | bytes | Low);
    }
}
