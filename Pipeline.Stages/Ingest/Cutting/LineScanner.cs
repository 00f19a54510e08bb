using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Stages.Ingest.Cutting;

/// <summary>
/// Counts whole lines, 64 bytes at a time. It stops before any line whose first byte is a space or below: only such a line can be
/// blank, and a closer look at it is the caller's affair. So the common line costs nothing of its own.
/// </summary>
internal static class LineScanner
{
    private const int ChunkBytes = 64;
    private const byte LineEnd = (byte)'\n';
    private const byte Space = (byte)' ';

    /// <summary>Takes lines from the beginning of <paramref name="data"/>.</summary>
    /// <param name="data">Begins with a line whose first byte is above a space.</param>
    /// <param name="limit">Lines to take at most, from 1.</param>
    /// <param name="lines">Lines taken, each with its "\n".</param>
    /// <returns>Their bytes.</returns>
    public static int Scan(ReadOnlySpan<byte> data, int limit, out int lines)
    {
        var taken = 0;
        var consumed = 0;
        var position = 0;
        var endedBefore = 0UL;
        if (Vector256.IsHardwareAccelerated)
        {
            ref var origin = ref MemoryMarshal.GetReference(data);
            for (; position <= data.Length - ChunkBytes; position += ChunkBytes)
            {
                var low = Vector256.LoadUnsafe(ref origin, (nuint)position);
                var high = Vector256.LoadUnsafe(ref origin, (nuint)position + 32);
                var ends = Mask(Vector256.Equals(low, Vector256.Create(LineEnd)), Vector256.Equals(high, Vector256.Create(LineEnd)));
                var doubtful = ((ends << 1) | endedBefore)
                    & Mask(Vector256.LessThanOrEqual(low, Vector256.Create(Space)), Vector256.LessThanOrEqual(high, Vector256.Create(Space)));
                var count = BitOperations.PopCount(ends);
                if (doubtful != 0 || count >= limit - taken)
                {
                    return Stop(ends, doubtful, limit, position, consumed, taken, out lines);
                }

                taken += count;
                consumed = ends == 0 ? consumed : position + ChunkBytes - BitOperations.LeadingZeroCount(ends);
                endedBefore = ends >> (ChunkBytes - 1);
            }
        }

        if (endedBefore == 0 || position == data.Length || data[position] > Space)
        {
            while (data[position..].IndexOf(LineEnd) is var end and >= 0)
            {
                position += end + 1;
                consumed = position;
                if (++taken == limit || (position < data.Length && data[position] <= Space))
                {
                    break;
                }
            }
        }

        lines = taken;
        return consumed;
    }

    private static ulong Mask(Vector256<byte> low, Vector256<byte> high) =>
        low.ExtractMostSignificantBits() | ((ulong)high.ExtractMostSignificantBits() << 32);

    /// <summary>Within a chunk: before the first doubtful line, or at the limit, whichever comes first.</summary>
    private static int Stop(ulong ends, ulong doubtful, int limit, int position, int consumed, int taken, out int lines)
    {
        if (doubtful != 0)
        {
            ends &= (1UL << BitOperations.TrailingZeroCount(doubtful)) - 1;
        }

        for (; ends != 0 && taken < limit; ends &= ends - 1)
        {
            taken++;
            consumed = position + BitOperations.TrailingZeroCount(ends) + 1;
        }

        lines = taken;
        return consumed;
    }
}
