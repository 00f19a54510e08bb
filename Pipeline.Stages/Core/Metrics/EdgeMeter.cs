using Pipeline.Stages.Core.Batching;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>What passes through a stage in one attempt, and where its time goes. Times are ticks of the clock's timestamp.</summary>
internal sealed class EdgeMeter(TimeProvider time)
{
    // 0 = no wait is under way.
    private long _receivingSince;
    private long _sendingSince;

    public long ItemsIn { get; private set; }

    public long ItemsOut { get; private set; }

    public long BatchesIn { get; private set; }

    public long BatchesOut { get; private set; }

    public long BytesIn { get; set; }

    public long BytesOut { get; set; }

    /// <summary>Time spent in waits that are over.</summary>
    public long WaitingToReceive { get; private set; }

    /// <summary>Time spent in waits that are over.</summary>
    public long WaitingToSend { get; private set; }

    /// <summary>The same with the wait under way, which may be long: it is what shows where a pipeline is stuck.</summary>
    public long WaitingToReceiveByNow => WaitingToReceive + Since(Volatile.Read(ref _receivingSince));

    /// <summary>The same with the wait under way.</summary>
    public long WaitingToSendByNow => WaitingToSend + Since(Volatile.Read(ref _sendingSince));

    /// <summary>From a frame's arrival to its being handed on, waiting to send included.</summary>
    public long Processing { get; set; }

    /// <summary>Frames that have arrived, or were read, and are not yet processed and handed on.</summary>
    public int InFlight { get; set; }

    /// <summary>When the last checkpoint passed; 0 = none yet.</summary>
    public long CheckpointAt { get; set; }

    public long Now => time.GetTimestamp();

    public void BeginReceiving() => Volatile.Write(ref _receivingSince, Now);

    public void EndReceiving()
    {
        var since = _receivingSince;
        Volatile.Write(ref _receivingSince, 0);
        WaitingToReceive += Now - since;
    }

    public void BeginSending() => Volatile.Write(ref _sendingSince, Now);

    public void EndSending()
    {
        var since = _sendingSince;
        Volatile.Write(ref _sendingSince, 0);
        WaitingToSend += Now - since;
    }

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

    private long Since(long began) => began == 0 ? 0 : Math.Max(0, Now - began);
}
