using System.IO.Hashing;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Parse.Events;

/// <summary>
/// Codes for texts in order of first use: a hash table over a <see cref="TextTable"/>. Emptied in no time, by counting generations.
/// The hash has a seed of its own in each process, so that no input can be made to collide; codes do not depend on it.
/// </summary>
internal sealed class TextCodes
{
    // The least that any system has.
    private const nuint PageBytes = 4096;

    private static readonly ulong Seed = (ulong)Random.Shared.NextInt64() | 1;
    private Entry[] _entries = new Entry[64];
    private int _generation;
    private TextTable _texts = new();

    /// <summary>Texts with a code.</summary>
    public int Count => _texts.Count;

    /// <summary>Forgets all texts; new ones go to <paramref name="texts"/>, which is empty.</summary>
    public void Reset(TextTable texts)
    {
        _texts = texts;
        _generation++;
    }

    /// <summary>The code of a text, a new one if it has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int GetOrAdd(ReadOnlySpan<byte> text)
    {
        var head = HeadOf(text);
        ref var entry = ref Find(text, head);
        if (entry.Generation == _generation)
            return entry.Code;

        return Add(ref entry, text, head);
    }

    /// <summary>True where the text has a code.</summary>
    public bool Contains(ReadOnlySpan<byte> text) => Find(text, HeadOf(text)).Generation == _generation;

    // The text's entry, or the free one where it belongs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref Entry Find(ReadOnlySpan<byte> text, Vector128<byte> head)
    {
        var entries = _entries;
        var mask = entries.Length - 1;
        for (var at = (int)Hash(text, head) & mask; ; at = (at + 1) & mask)
        {
            ref var entry = ref entries[at];
            if (entry.Generation != _generation
                || (entry.Head == head && entry.Length == text.Length
                    && (text.Length <= Vector128<byte>.Count || text.SequenceEqual(_texts[entry.Code]))))
            {
                return ref entry;
            }
        }
    }

    private int Add(ref Entry entry, ReadOnlySpan<byte> text, Vector128<byte> head)
    {
        var code = _texts.Add(text);
        entry = new Entry { Head = head, Length = text.Length, Code = code, Generation = _generation };
        if (_texts.Count * 2 > _entries.Length)
            Grow();

        return code;
    }

    private void Grow()
    {
        var old = _entries;
        _entries = new Entry[old.Length * 2];
        foreach (var entry in old)
        {
            if (entry.Generation == _generation)
                Find(_texts[entry.Code], entry.Head) = entry;
        }
    }

    // The first 16 bytes, padded with zeros. Lengths come at random, and a branch for each would mostly be guessed wrong: so it reads
    // 16 bytes whatever the length, where these lie in one page of memory, and masks what is beyond the text.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe Vector128<byte> HeadOf(ReadOnlySpan<byte> text)
    {
        ref var start = ref MemoryMarshal.GetReference(text);
        if (text.Length >= 16)
            return Vector128.LoadUnsafe(ref start);

        return ((nuint)Unsafe.AsPointer(ref start) & (PageBytes - 1)) <= PageBytes - 16 && text.Length > 0
            ? Vector128.LoadUnsafe(ref start) & Vector128.LessThan(Vector128<byte>.Indices, Vector128.Create((byte)text.Length))
            : SlowHeadOf(text);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<byte> SlowHeadOf(ReadOnlySpan<byte> text)
    {
        Span<byte> head = stackalloc byte[16];
        head.Clear();
        text.CopyTo(head);
        return Vector128.Create<byte>(head);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Hash(ReadOnlySpan<byte> text, Vector128<byte> head)
    {
        if (text.Length > Vector128<byte>.Count)
            return (uint)XxHash3.HashToUInt64(text, (long)Seed);

        var low = head.AsUInt64().GetElement(0);
        var high = head.AsUInt64().GetElement(1);
        var hash = Math.BigMul(low ^ Seed, high ^ (ulong)text.Length ^ BitOperations.RotateLeft(Seed, 32), out var product) ^ product;
        return (uint)(hash ^ (hash >> 32));
    }

    private struct Entry
    {
        public Vector128<byte> Head;
        public int Length;
        public int Code;
        public int Generation;
    }
}
