using System.Buffers;

namespace Pipeline.Stages.Core.Ring;

/// <summary>A part of a mapping as memory; its user holds the mapping.</summary>
internal sealed unsafe class MappedSlot(MappedMemory mapping, long offset, int length) : MemoryManager<byte>
{
    private readonly byte* _start = mapping.Start + offset;

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_start, length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
