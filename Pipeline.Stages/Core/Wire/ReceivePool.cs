using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Pipeline.Stages.Core.Wire;

/// <summary>
/// Memory that the server receives into, in blocks of 128 KiB. The server's own blocks are 4 KiB, and it asks the system once for
/// each block: those system calls took half of a stage's time.
/// </summary>
internal sealed class ReceivePool : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int BlockBytes = 128 * 1024;

    /// <summary>Blocks that are kept for later: 8 MiB.</summary>
    private const int MaxKept = 64;

    private readonly ConcurrentQueue<Block> _kept = new();

    public override int MaxBufferSize => BlockBytes;

    /// <summary>One pool serves all connections.</summary>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        return _kept.TryDequeue(out var block) ? block : new Block(this);
    }

    protected override void Dispose(bool disposing)
    {
        // Connections that outlive their server give their blocks back later: what is kept is left to the garbage collector.
    }

    private sealed class Block(ReceivePool pool) : IMemoryOwner<byte>
    {
        // Pinned for as long as it lives, since the system writes into it.
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true);

        public Memory<byte> Memory => _bytes;

        public void Dispose()
        {
            if (pool._kept.Count < MaxKept)
                pool._kept.Enqueue(this);
        }
    }
}
