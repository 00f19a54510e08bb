using System.Buffers;

namespace Pipeline.Stages.Core.Batching;

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
