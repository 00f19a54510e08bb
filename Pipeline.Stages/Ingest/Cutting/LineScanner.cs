using System.Numerics;
using System.Runtime.CompilerServices;
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
                var (ends, low) = Look(ref origin, (nuint)position);
                var doubtful = ((ends << 1) | endedBefore) & low;
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

    /// <summary>Of 64 bytes: which are line ends, and which are a space or below.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (ulong Ends, ulong Low) Look(ref byte origin, nuint position)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            var bytes = Vector512.LoadUnsafe(ref origin, position);
            return (
                Vector512.Equals(bytes, Vector512.Create(LineEnd)).ExtractMostSignificantBits(),
                Vector512.LessThanOrEqual(bytes, Vector512.Create(Space)).ExtractMostSignificantBits());
        }

        var first = Vector256.LoadUnsafe(ref origin, position);
        var second = Vector256.LoadUnsafe(ref origin, position + 32);
        return (
            Join(Vector256.Equals(first, Vector256.Create(LineEnd)), Vector256.Equals(second, Vector256.Create(LineEnd))),
            Join(Vector256.LessThanOrEqual(first, Vector256.Create(Space)), Vector256.LessThanOrEqual(second, Vector256.Create(Space))));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Join(Vector256<byte> first, Vector256<byte> second) =>
        first.ExtractMostSignificantBits() | ((ulong)second.ExtractMostSignificantBits() << 32);

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
