using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Ring;

/// <summary>A slot that the receiver reads where it stands; the sender has it back when the last frame lets go of it.</summary>
internal sealed class TakenSlot(MappedRing ring, long number, Action<long> free) : SharedBuffer
{
    /// <inheritdoc/>
    public override Memory<byte> Memory { get; } = ring.Hold(number);

    private protected override void Free()
    {
        ring.LetGo();
        free(number);
    }
}
