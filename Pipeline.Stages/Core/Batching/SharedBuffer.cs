using System.Buffers;

namespace Pipeline.Stages.Core.Batching;

/// <summary>Memory that several frames may hold; it is given back when the last one lets go.</summary>
public abstract class SharedBuffer
{
    private int _references = 1;

    private protected SharedBuffer()
    {
    }

    /// <summary>The memory; may be longer than asked for.</summary>
    public abstract Memory<byte> Memory { get; }

    /// <summary>Takes an array from the pool, with one reference.</summary>
    /// <param name="length">Least length in bytes, from 0.</param>
    public static PooledBuffer Rent(int length) => new(length);

    /// <summary>One more holder.</summary>
    /// <returns>This buffer.</returns>
    public SharedBuffer AddReference()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>One holder less; the last one gives the memory back.</summary>
    /// <exception cref="InvalidOperationException">It was released more often than referenced.</exception>
    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left == 0)
            Free();
        else if (left < 0)
            throw new InvalidOperationException("A buffer was released twice.");
    }

    /// <summary>Gives the memory back.</summary>
    private protected abstract void Free();
}

/// <summary>An array of the shared pool.</summary>
public sealed class PooledBuffer : SharedBuffer
{
    internal PooledBuffer(int length) => Array = ArrayPool<byte>.Shared.Rent(length);

    /// <summary>The array; may be longer than asked for.</summary>
    public byte[] Array { get; }

    /// <inheritdoc/>
    public override Memory<byte> Memory => Array;

    private protected override void Free() => ArrayPool<byte>.Shared.Return(Array);
}
