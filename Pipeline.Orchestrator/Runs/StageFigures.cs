using Pipeline.Contracts.V1;

namespace Pipeline.Orchestrator.Runs;

/// <summary>The contract's StageMetrics as JSON shows them; docs/http-api.md has the units.</summary>
internal sealed record StageFigures
{
    public required string InstanceId { get; init; }

    public required string Role { get; init; }

    public long ItemsIn { get; init; }

    public long ItemsOut { get; init; }

    public long Filtered { get; init; }

    public long Rejected { get; init; }

    public long BytesIn { get; init; }

    public long BytesOut { get; init; }

    public long BatchesIn { get; init; }

    public long BatchesOut { get; init; }

    public long ProcessingMicros { get; init; }

    public long WaitingToReceiveMicros { get; init; }

    public long WaitingToSendMicros { get; init; }

    public int BatchesInFlight { get; init; }

    public long CheckpointAgeMicros { get; init; }

    public long BatchesReplayed { get; init; }

    public long FramesDiscarded { get; init; }

    public long ProcessCpuMicros { get; init; }

    public long ProcessPeakRssBytes { get; init; }

    public long AllocatedBytes { get; init; }

    public static StageFigures Of(StageMetrics metrics) => new()
    {
        InstanceId = metrics.InstanceId,
        Role = metrics.Role,
        ItemsIn = metrics.ItemsIn,
        ItemsOut = metrics.ItemsOut,
        Filtered = metrics.Filtered,
        Rejected = metrics.Rejected,
        BytesIn = metrics.BytesIn,
        BytesOut = metrics.BytesOut,
        BatchesIn = metrics.BatchesIn,
        BatchesOut = metrics.BatchesOut,
        ProcessingMicros = metrics.ProcessingMicros,
        WaitingToReceiveMicros = metrics.WaitingToReceiveMicros,
        WaitingToSendMicros = metrics.WaitingToSendMicros,
        BatchesInFlight = metrics.BatchesInFlight,
        CheckpointAgeMicros = metrics.CheckpointAgeMicros,
        BatchesReplayed = metrics.BatchesReplayed,
        FramesDiscarded = metrics.FramesDiscarded,
        ProcessCpuMicros = metrics.ProcessCpuMicros,
        ProcessPeakRssBytes = metrics.ProcessPeakRssBytes,
        AllocatedBytes = metrics.AllocatedBytes,
    };
}
