using System.Diagnostics;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Metrics;

/// <summary>All figures of one attempt in one stage, in the contract's form.</summary>
internal sealed class AttemptMetrics(string instanceId, string role, TimeProvider time)
{
    private readonly TimeSpan _cpuBefore = Environment.CpuUsage.TotalTime;
    private readonly long _allocatedBefore = GC.GetTotalAllocatedBytes();

    /// <summary>Counted by the runtime.</summary>
    public EdgeMeter Edge { get; } = new(time);

    /// <summary>Counted by the stage.</summary>
    public StageMeter Stage => field ??= new StageMeter { Edge = Edge };

    /// <summary>What came in batches, and the groups.</summary>
    public long ItemsIn => Edge.ItemsIn + Stage.GroupsIn;

    /// <summary>What was handed on in batches, and the groups.</summary>
    public long ItemsOut => Edge.ItemsOut + Stage.GroupsOut;

    /// <summary>Frames that former attempts at the run dropped here after their call had ended.</summary>
    public long DiscardedBefore { get; set; }

    /// <summary>The figures as of now. Read while they change: each is right, and they need not fit each other to the frame.</summary>
    public StageMetrics Snapshot()
    {
        var metrics = new StageMetrics
        {
            InstanceId = instanceId,
            Role = role,
            ItemsIn = ItemsIn,
            ItemsOut = ItemsOut,
            Filtered = Stage.Filtered,
            Rejected = Stage.Rejected,
            BytesIn = Edge.BytesIn + Stage.FileBytesRead,
            BytesOut = Edge.BytesOut + Stage.FileBytesWritten,
            BatchesIn = Edge.BatchesIn,
            BatchesOut = Edge.BatchesOut,
            ProcessingMicros = Edge.Micros(Edge.Processing),
            WaitingToReceiveMicros = Edge.Micros(Edge.WaitingToReceiveByNow),
            WaitingToSendMicros = Edge.Micros(Edge.WaitingToSendByNow),
            BatchesInFlight = Edge.InFlight,
            CheckpointAgeMicros = Edge.CheckpointAt == 0 ? -1 : Edge.Micros(Edge.Now - Edge.CheckpointAt),
            BatchesReplayed = Stage.BatchesReplayed,
            FramesDiscarded = DiscardedBefore + Stage.FramesDiscarded,
            ProcessCpuMicros = (long)(Environment.CpuUsage.TotalTime - _cpuBefore).TotalMicroseconds,
            ProcessPeakRssBytes = ReadPeakRssBytes(),
            AllocatedBytes = GC.GetTotalAllocatedBytes() - _allocatedBefore,
        };
        var latency = Stage.Latency.ToHistogram();
        if (latency.Counts.Count > 0)
            metrics.Latency = latency;

        return metrics;
    }

    /// <summary>The most memory that this process has held; -1 where the system does not tell, such as macOS.</summary>
    internal static long ReadPeakRssBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 is > 0 and var bytes ? bytes : -1;
    }
}
