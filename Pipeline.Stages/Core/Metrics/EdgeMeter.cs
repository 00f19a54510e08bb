using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>What passes through a stage in one attempt, and where its time goes. Times are ticks of the clock's timestamp.</summary>
internal sealed class EdgeMeter(TimeProvider time)
{
    public long ItemsIn { get; private set; }

    public long ItemsOut { get; private set; }

    public long BatchesIn { get; private set; }

    public long BatchesOut { get; private set; }

    public long BytesIn { get; set; }

    public long BytesOut { get; set; }

    public long WaitingToReceive { get; set; }

    public long WaitingToSend { get; set; }

    /// <summary>From a frame's arrival to its being handed on, waiting to send included.</summary>
    public long Processing { get; set; }

    /// <summary>Frames that have arrived and are not yet processed.</summary>
    public int InFlight { get; set; }

    /// <summary>Something was written and not flushed.</summary>
    public bool Unflushed { get; set; }

    /// <summary>When the last checkpoint passed; 0 = none yet.</summary>
    public long CheckpointAt { get; set; }

    public long Now => time.GetTimestamp();

    public void Received(Frame frame)
    {
        ItemsIn += frame.Items;
        BatchesIn += frame is MessageFrame { Message.WorkItems: null } ? 0 : 1;
    }

    public void Sent(Frame frame, long bytes)
    {
        ItemsOut += frame.Items;
        BatchesOut += frame is MessageFrame { Message.WorkItems: null } || bytes == 0 ? 0 : 1;
    }

    /// <summary>Where frames are handed on by a call: what the next stage took in is what this one handed on.</summary>
    public void CountOut(EdgeMeter next) => (ItemsOut, BatchesOut) = (next.ItemsIn, next.BatchesIn);

    public long Micros(long ticks) => (long)(ticks * (1e6 / time.TimestampFrequency));
}
