using System.Numerics;

namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>Gives each distinct row of parts a dense id: an open hash table over one array of integers, no object per key.</summary>
/// <param name="width">Parts of a key, from 1.</param>
internal sealed class CompositeIndex(int width)
{
    private static readonly uint Seed = (uint)Random.Shared.Next() | 1;

    private readonly Rows<int> _keys = new(width);
    private int[] _buckets = new int[32]; // id + 1; 0 = free; linear probing, at most three quarters full

    public int Count => _keys.Count;

    /// <summary>The parts of an id.</summary>
    public ReadOnlySpan<int> this[int id] => _keys[id];

    /// <summary>The id of a key, which is added where it is not there yet.</summary>
    public int GetOrAdd(ReadOnlySpan<int> key)
    {
        var mask = _buckets.Length - 1;
        var bucket = (int)Hash(key) & mask;
        for (; _buckets[bucket] != 0; bucket = (bucket + 1) & mask)
        {
            if (this[_buckets[bucket] - 1].SequenceEqual(key))
                return _buckets[bucket] - 1;
        }

        var id = Count;
        _keys.GrowTo(id + 1);
        key.CopyTo(_keys[id]);
        _buckets[bucket] = id + 1;
        if (Count > _buckets.Length / 4 * 3)
            Rehash();

        return id;
    }

    private static uint Hash(ReadOnlySpan<int> key)
    {
        var hash = Seed;
        foreach (var part in key)
        {
            hash = (BitOperations.RotateLeft(hash, 15) ^ (uint)part) * 0x9E3779B1;
            hash ^= hash >> 15;
        }

        return hash;
    }

    private void Rehash()
    {
        _buckets = new int[_buckets.Length * 2];
        var mask = _buckets.Length - 1;
        for (var id = 0; id < Count; id++)
        {
            var bucket = (int)Hash(this[id]) & mask;
            while (_buckets[bucket] != 0)
                bucket = (bucket + 1) & mask;

            _buckets[bucket] = id + 1;
        }
    }
}
