using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Pipeline.Stages.Ingest.Cutting;

/// <summary>
/// Counts whole lines, 64 bytes at a time. It stops before any line whose first byte is a space or below: only such a line can be
/// blank, and a closer look at it is left to the caller. So the common line costs nothing of its own.
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
    public static int Scan(ReadOnlySpan<byte> data, int limit, out int lines) =>
        Scan(data, limit, Vector128.IsHardwareAccelerated, out lines);

    /// <summary>The same, with vectors or byte by byte.</summary>
    internal static int Scan(ReadOnlySpan<byte> data, int limit, bool withVectors, out int lines)
    {
        var taken = 0;
        var consumed = 0;
        var position = 0;
        var endedBefore = 0UL;
        if (withVectors)
        {
            ref var origin = ref MemoryMarshal.GetReference(data);
            for (; position <= data.Length - ChunkBytes; position += ChunkBytes)
            {
                var (ends, low) = Look(ref origin, (nuint)position);
                var doubtful = ((ends << 1) | endedBefore) & low;
                var count = BitOperations.PopCount(ends);
                if (doubtful != 0 || count >= limit - taken)
                    return Stop(ends, doubtful, limit, position, consumed, taken, out lines);

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
                    break;
            }
        }

        lines = taken;
        return consumed;
    }

    /// <summary>
    /// Of 64 bytes: which are line ends, and which are a space or below. By the widest vectors that there are: Arm has those of 128 bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (ulong Ends, ulong Low) Look(ref byte origin, nuint position) =>
        Vector512.IsHardwareAccelerated ? Look512(ref origin, position)
        : Vector256.IsHardwareAccelerated ? Look256(ref origin, position)
        : Look128(ref origin, position);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Ends, ulong Low) Look512(ref byte origin, nuint position)
    {
        var bytes = Vector512.LoadUnsafe(ref origin, position);
        return (
            Vector512.Equals(bytes, Vector512.Create(LineEnd)).ExtractMostSignificantBits(),
            Vector512.LessThanOrEqual(bytes, Vector512.Create(Space)).ExtractMostSignificantBits());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Ends, ulong Low) Look256(ref byte origin, nuint position)
    {
        var (firstEnds, firstLow) = Half(ref origin, position);
        var (secondEnds, secondLow) = Half(ref origin, position + 32);
        return (firstEnds | (secondEnds << 32), firstLow | (secondLow << 32));

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static (ulong Ends, ulong Low) Half(ref byte origin, nuint position)
        {
            var bytes = Vector256.LoadUnsafe(ref origin, position);
            return (
                Vector256.Equals(bytes, Vector256.Create(LineEnd)).ExtractMostSignificantBits(),
                Vector256.LessThanOrEqual(bytes, Vector256.Create(Space)).ExtractMostSignificantBits());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (ulong Ends, ulong Low) Look128(ref byte origin, nuint position)
    {
        var (ends, low) = (0UL, 0UL);
        for (var part = 0; part < ChunkBytes; part += Vector128<byte>.Count)
        {
            var bytes = Vector128.LoadUnsafe(ref origin, position + (nuint)part);
            ends |= (ulong)Vector128.Equals(bytes, Vector128.Create(LineEnd)).ExtractMostSignificantBits() << part;
            low |= (ulong)Vector128.LessThanOrEqual(bytes, Vector128.Create(Space)).ExtractMostSignificantBits() << part;
        }

        return (ends, low);
    }

    /// <summary>Within a chunk: before the first doubtful line, or at the limit, whichever comes first.</summary>
    private static int Stop(ulong ends, ulong doubtful, int limit, int position, int consumed, int taken, out int lines)
    {
        if (doubtful != 0)
            ends &= (1UL << BitOperations.TrailingZeroCount(doubtful)) - 1;

        for (; ends != 0 && taken < limit; ends &= ends - 1)
        {
            taken++;
            consumed = position + BitOperations.TrailingZeroCount(ends) + 1;
        }

        lines = taken;
        return consumed;
    }
}
