using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Ring;

/// <summary>The sender's end: fills slots with messages, one slot after the other, and waits where all are full.</summary>
/// <param name="ring">The ring.</param>
/// <param name="portion">Full slots after which the receiver must hear of them, from 1: to wake it for each costs more than it does.</param>
internal sealed class RingWriter(MappedRing ring, int portion = 1) : IDisposable
{
    private readonly SemaphoreSlim _free = new(ring.Offer.Slots);
    private bool _claimed;
    private bool _disposed;
    private long _filled;
    private long _released;

    /// <summary>Fewer bytes than this go to the receiver in the stream, where nothing else is to follow at once: a slot is for many.</summary>
    public static int LeastBytes => 8 * 1024;

    /// <summary>What to offer to the receiver.</summary>
    public SharedRing Offer => ring.Offer;

    /// <summary>Bytes of a slot.</summary>
    public int SlotBytes => ring.Offer.SlotBytes;

    /// <summary>Bytes written to the slot at hand.</summary>
    public int Used { get; private set; }

    /// <summary>Bytes that the slot at hand has left; 0 where none is claimed.</summary>
    public int Left => _claimed ? SlotBytes - Used : 0;

    /// <summary>What was written to the slot at hand.</summary>
    public ReadOnlySpan<byte> Written => ring.Slot(_filled).Span[..Used];

    /// <summary>Released slots after which the sender must hear of them.</summary>
    public static int Portion(SharedRing offer) => offer.Slots / 4;

    /// <summary>Claims the next slot if it is free.</summary>
    public bool TryClaim() => _claimed = _free.Wait(0);

    /// <summary>Claims the next slot as soon as it is free.</summary>
    public async Task ClaimAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        _claimed = true;
    }

    /// <summary>Room for a message in the slot at hand, which counts as written.</summary>
    /// <param name="bytes">At most <see cref="Left"/>.</param>
    public Span<byte> Take(int bytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var room = ring.Slot(_filled).Span.Slice(Used, bytes);
        Used += bytes;
        return room;
    }

    /// <summary>Takes back what was written to the slot at hand.</summary>
    public void Rewind() => Used = 0;

    /// <summary>Hands the current slot to the receiver, which is to be told of it.</summary>
    /// <returns>True: it is time to tell.</returns>
    public bool Seal()
    {
        (_claimed, Used) = (false, 0);
        Volatile.Write(ref _filled, _filled + 1);
        return _filled % portion == 0;
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

    public void Dispose()
    {
        _disposed = true;
        ring.Dispose();
    }
}
