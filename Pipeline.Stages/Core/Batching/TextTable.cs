using System.Buffers;

namespace Pipeline.Stages.Core.Batching;

/// <summary>Distinct UTF-8 texts by index, end to end in one pooled buffer: no object per text.</summary>
public sealed class TextTable : IDisposable
{
    private byte[] _bytes = [];
    private int[] _ends = [];

    /// <summary>Texts, from 0.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all texts.</summary>
    public int ByteLength => Count == 0 ? 0 : _ends[Count - 1];

    /// <summary>The text of that index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            var start = index == 0 ? 0 : _ends[index - 1];
            return _bytes.AsSpan(start, _ends[index] - start);
        }
    }

    /// <summary>Adds a text; duplicates are left to the caller.</summary>
    /// <returns>Its index.</returns>
    public int Add(ReadOnlySpan<byte> text)
    {
        var start = ByteLength;
        Grow(ref _bytes, start, start + text.Length);
        Grow(ref _ends, Count, Count + 1);
        text.CopyTo(_bytes.AsSpan(start));
        _ends[Count] = start + text.Length;
        return Count++;
    }

    /// <summary>Forgets all texts and keeps the memory.</summary>
    public void Clear() => Count = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        Count = 0;
        Return(ref _bytes);
        Return(ref _ends);
    }

    private static void Grow<T>(ref T[] array, int used, int wanted)
    {
        if (array.Length >= wanted)
            return;

        var larger = ArrayPool<T>.Shared.Rent(Math.Max(wanted, array.Length * 2));
        array.AsSpan(0, used).CopyTo(larger);
        Return(ref array);
        array = larger;
    }

    private static void Return<T>(ref T[] array)
    {
        if (array.Length > 0)
        {
            ArrayPool<T>.Shared.Return(array);
            array = [];
        }
    }
}
