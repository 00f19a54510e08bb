using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Batching;
using Pipeline.Stages.Core.Metrics;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Ring;

/// <summary>The receiver's end: empties slots in order and says so.</summary>
/// <param name="ring">The ring.</param>
/// <param name="released">Sends RingReleased up.</param>
/// <param name="edge">Counts what passes.</param>
internal sealed class RingReader(MappedRing ring, Action<StageOutput> released, EdgeMeter edge) : IDisposable
{
    private long _taken;

    /// <summary>Copies the data out of the next slot, which is free again then.</summary>
    /// <exception cref="Runtime.StageException">The sender claims more than a slot holds.</exception>
    public SharedBuffer Take(int bytes)
    {
        if (bytes > ring.Offer.SlotBytes)
        {
            throw ProtoReader.Violation($"{bytes} bytes in a ring slot of {ring.Offer.SlotBytes}");
        }

        edge.BytesIn += bytes;
        var buffer = SharedBuffer.Rent(bytes);
        ring.Slot(_taken)[..bytes].CopyTo(buffer.Array);
        if (++_taken % RingWriter.Portion(ring.Offer) == 0)
        {
            released(new StageOutput { RingReleased = new RingReleased { Slots = _taken } });
        }

        return buffer;
    }

    public void Dispose() => ring.Dispose();
}
