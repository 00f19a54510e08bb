using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Ring;

/// <summary>The sender's end: fills slots in order and waits where all are full.</summary>
internal sealed class RingWriter(MappedRing ring) : IDisposable
{
    private readonly SemaphoreSlim _free = new(ring.Offer.Slots);
    private long _filled;
    private long _released;

    /// <summary>Smallest batch that goes through the ring, in bytes; below, a message is cheaper than a slot.</summary>
    public static int LeastBytes => 8 * 1024;

    /// <summary>What to offer to the receiver.</summary>
    public SharedRing Offer => ring.Offer;

    /// <summary>Bytes of a slot.</summary>
    public int SlotBytes => ring.Offer.SlotBytes;

    /// <summary>Filled slots after which the receiver must hear of them, and released ones after which the sender must.</summary>
    public static int Portion(SharedRing offer) => offer.Slots / 4;

    /// <summary>Claims a free slot if there is one.</summary>
    public bool TryClaim() => _free.Wait(0);

    /// <summary>Claims a slot as soon as one is free.</summary>
    public Task ClaimAsync(CancellationToken cancellationToken) => _free.WaitAsync(cancellationToken);

    /// <summary>Copies data into the slot that was claimed.</summary>
    /// <returns>True: it is time to tell the receiver.</returns>
    public bool Fill(ReadOnlySpan<byte> data)
    {
        data.CopyTo(ring.Slot(_filled++).Span);
        return _filled % Portion(ring.Offer) == 0;
    }

    /// <summary>The receiver has released slots.</summary>
    /// <param name="total">Since the call began; more than were filled are not believed.</param>
    public void Release(long total)
    {
        var more = (int)(Math.Min(total, Volatile.Read(ref _filled)) - _released);
        if (more > 0)
        {
            _released += more;
            _free.Release(more);
        }
    }

    public void Dispose() => ring.Dispose();
}
