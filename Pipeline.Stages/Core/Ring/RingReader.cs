using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Ring;

/// <summary>The receiver's end: takes full slots in order, and tells the sender in the same order which are free again.</summary>
/// <param name="ring">The ring.</param>
/// <param name="released">Sends RingReleased up.</param>
/// <param name="edge">Counts what passes.</param>
internal sealed class RingReader(MappedRing ring, Action<StageOutput> released, EdgeMeter edge) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly bool[] _free = new bool[ring.Offer.Slots];
    private long _taken;
    private long _released;

    /// <summary>The next slot, to be read where it stands; the sender may fill it again when the buffer is released.</summary>
    /// <param name="bytes">Bytes that the sender has put there.</param>
    /// <exception cref="StageException">The sender claims more than a slot holds, or a slot that is not free.</exception>
    public SharedBuffer Take(int bytes)
    {
        if (bytes < 1 || bytes > ring.Offer.SlotBytes)
            throw ProtoReader.Violation($"{bytes} bytes in a ring slot of {ring.Offer.SlotBytes}");

        lock (_lock)
        {
            if (_taken - _released == _free.Length)
                throw ProtoReader.Violation("a ring slot that was not released");

            edge.BytesIn += bytes;
            return new TakenSlot(ring, _taken++, Free);
        }
    }

    public void Dispose() => ring.Dispose();

    private void Free(long number)
    {
        long told = 0;
        lock (_lock)
        {
            _free[number % _free.Length] = true;
            for (; _released < _taken && _free[_released % _free.Length]; told = _released % RingWriter.Portion(ring.Offer) == 0 ? _released : told)
                _free[_released++ % _free.Length] = false;
        }

        if (told > 0)
            released(new StageOutput { RingReleased = new RingReleased { Slots = told } });
    }
}

/// <summary>A slot that the receiver reads where it stands; the sender has it back when the last frame lets go of it.</summary>
internal sealed class TakenSlot(MappedRing ring, long number, Action<long> free) : SharedBuffer
{
    public override Memory<byte> Memory { get; } = ring.Hold(number);

    private protected override void Free()
    {
        ring.LetGo();
        free(number);
    }
}
