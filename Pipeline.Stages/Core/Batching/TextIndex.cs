using System.IO.Hashing;

namespace Pipeline.Stages.Core.Batching;

/// <summary>
/// Distinct UTF-8 texts, each found by hash and named by a dense index: no object per text. The hash is seeded at random in
/// each process, so that an input cannot be made of texts that collide.
/// </summary>
public sealed class TextIndex : IDisposable
{
    private static readonly long Seed = Random.Shared.NextInt64();

    private readonly TextTable _texts = new();
    private uint[] _hashes = new uint[16];
    private int[] _buckets = new int[32]; // index + 1; 0 = free; linear probing, at most half full

    /// <summary>Texts, from 0.</summary>
    public int Count => _texts.Count;

    /// <summary>Bytes of all texts.</summary>
    public int ByteLength => _texts.ByteLength;

    /// <summary>The text of that index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is none.</exception>
    public ReadOnlySpan<byte> this[int index] => _texts[index];

    /// <summary>The index of a text, which is added where it is not there yet.</summary>
    /// <param name="text">UTF-8.</param>
    public int GetOrAdd(ReadOnlySpan<byte> text)
    {
        var hash = Hash(text);
        var mask = _buckets.Length - 1;
        var bucket = (int)hash & mask;
        for (; _buckets[bucket] != 0; bucket = (bucket + 1) & mask)
        {
            var index = _buckets[bucket] - 1;
            if (_hashes[index] == hash && _texts[index].SequenceEqual(text))
                return index;
        }

        var added = _texts.Add(text);
        if (added == _hashes.Length)
        {
            Grow();
            bucket = FreeBucket(hash);
        }

        _hashes[added] = hash;
        _buckets[bucket] = added + 1;
        return added;
    }

    /// <summary>Forgets all texts and keeps the memory.</summary>
    public void Clear()
    {
        _texts.Clear();
        Array.Clear(_buckets);
    }

    /// <inheritdoc/>
    public void Dispose() => _texts.Dispose();

    private static uint Hash(ReadOnlySpan<byte> text) => (uint)XxHash3.HashToUInt64(text, Seed);

    private int FreeBucket(uint hash)
    {
        var mask = _buckets.Length - 1;
        var bucket = (int)hash & mask;
        while (_buckets[bucket] != 0)
            bucket = (bucket + 1) & mask;

        return bucket;
    }

    private void Grow()
    {
        Array.Resize(ref _hashes, _hashes.Length * 2);
        _buckets = new int[_hashes.Length * 2];
        for (var index = 0; index < Count - 1; index++)
            _buckets[FreeBucket(_hashes[index])] = index + 1;
    }
}
