using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.ServiceDefaults.Channels;

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

    /// <summary>Aggregate only; null elsewhere, and where nothing was measured.</summary>
    public LatencyFigures? Latency { get; init; }

    public static StageFigures Of(StageMetrics metrics) => new()
    {
        InstanceId = PeerText.Name(metrics.InstanceId),
        Role = PeerText.Name(metrics.Role),
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
        Latency = LatencyFigures.Of(metrics.Latency),
    };
}

/// <summary>Time from line read to applied by Aggregate, microseconds; upper ends of the histogram's buckets, so at most 1/16 too high.</summary>
/// <param name="Items">Events and work items measured.</param>
/// <param name="P50Micros">Not exceeded by half of them.</param>
/// <param name="P99Micros">By 99 %.</param>
/// <param name="P999Micros">By 99.9 %.</param>
/// <param name="MaxMicros">By any.</param>
internal sealed record LatencyFigures(long Items, long P50Micros, long P99Micros, long P999Micros, long MaxMicros)
{
    public static LatencyFigures? Of(LatencyHistogram? histogram) => histogram is null || histogram.Counts.Count == 0 ? null : new(
        histogram.Counts.Sum(),
        LatencyBuckets.Quantile(histogram, 0.5),
        LatencyBuckets.Quantile(histogram, 0.99),
        LatencyBuckets.Quantile(histogram, 0.999),
        LatencyBuckets.Quantile(histogram, 1));
}
