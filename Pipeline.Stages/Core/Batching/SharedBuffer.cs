using System.Buffers;

namespace Pipeline.Stages.Core.Batching;

/// <summary>An array of the shared pool that several frames may hold; it returns to the pool when the last one lets go.</summary>
public sealed class SharedBuffer
{
    private readonly byte[] _array;
    private int _references = 1;

    private SharedBuffer(byte[] array) => _array = array;

    /// <summary>The array; may be longer than asked for.</summary>
    public byte[] Array => _array;

    /// <summary>Takes a buffer from the pool, with one reference.</summary>
    /// <param name="length">Least length in bytes, from 0.</param>
    public static SharedBuffer Rent(int length) => new(ArrayPool<byte>.Shared.Rent(length));

    /// <summary>One more holder.</summary>
    /// <returns>This buffer.</returns>
    public SharedBuffer AddReference()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>One holder less; the last one returns the array.</summary>
    /// <exception cref="InvalidOperationException">It was released more often than referenced.</exception>
    public void Release()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left == 0)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
        else if (left < 0)
        {
            throw new InvalidOperationException("A buffer was released twice.");
        }
    }
}
