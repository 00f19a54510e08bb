using System.Text.Json.Serialization;
using Pipeline.Client.Channels;
using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Client.Runs;

/// <summary>The contract's StageMetrics as JSON shows them; docs/http-api.md has the units.</summary>
public sealed record StageFigures
{
    /// <summary>Its instance.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Its role.</summary>
    public required string Role { get; init; }

    /// <summary>Lines, events, work items or groups taken in.</summary>
    public long ItemsIn { get; init; }

    /// <summary>Handed on.</summary>
    public long ItemsOut { get; init; }

    /// <summary>Dropped by a rule.</summary>
    public long Filtered { get; init; }

    /// <summary>Rejected lines.</summary>
    public long Rejected { get; init; }

    /// <summary>Bytes taken in.</summary>
    public long BytesIn { get; init; }

    /// <summary>Bytes handed on.</summary>
    public long BytesOut { get; init; }

    /// <summary>Batches taken in.</summary>
    public long BatchesIn { get; init; }

    /// <summary>Batches handed on.</summary>
    public long BatchesOut { get; init; }

    /// <summary>Time in the transform.</summary>
    public long ProcessingMicros { get; init; }

    /// <summary>Time without anything to process; of Ingest, until the next line is due.</summary>
    public long WaitingToReceiveMicros { get; init; }

    /// <summary>Time in which the stage below took nothing.</summary>
    public long WaitingToSendMicros { get; init; }

    /// <summary>Batches received, of Ingest read, and not yet processed and handed on.</summary>
    public int BatchesInFlight { get; init; }

    /// <summary>Time since the last checkpoint passed, of Sink was committed; -1 = none yet.</summary>
    public long CheckpointAgeMicros { get; init; }

    /// <summary>Of Ingest, batches of lines read again that a former attempt had read.</summary>
    public long BatchesReplayed { get; init; }

    /// <summary>Frames dropped when an attempt was broken off.</summary>
    public long FramesDiscarded { get; init; }

    /// <summary>CPU time of its process in this attempt.</summary>
    public long ProcessCpuMicros { get; init; }

    /// <summary>Most resident memory of its process since it started; -1 = the system does not tell.</summary>
    public long ProcessPeakRssBytes { get; init; }

    /// <summary>Managed memory allocated by its process in this attempt; 0 = the language cannot tell.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Aggregate only; null elsewhere, and where nothing was measured.</summary>
    public LatencyFigures? Latency { get; init; }

    /// <summary>Whether the stage tells where its time goes, as one of another language need not: one that does tells some as soon as it has run.</summary>
    [JsonIgnore]
    public bool TellsTimes => ProcessingMicros + WaitingToReceiveMicros + WaitingToSendMicros > 0;

    /// <summary>Whether it tells what it takes in and hands on in bytes.</summary>
    [JsonIgnore]
    public bool TellsBytes => BytesIn + BytesOut > 0 || ItemsIn + ItemsOut == 0;

    /// <summary>The edge where sending waits for a slow stage below: of those that wait about longest, the lowest; null where none does noticeably.</summary>
    public static (StageFigures Above, StageFigures Below)? WaitingEdge(IReadOnlyList<StageFigures> stages)
    {
        const double Noticeable = 0.05;
        var edges = stages.Zip(stages.Skip(1)).ToList();
        if (edges.Count == 0)
            return null;
        var most = edges.Max(edge => edge.First.WaitingToSendMicros);
        var (above, below) = edges.Last(edge => edge.First.WaitingToSendMicros >= most / 2);
        var whole = above.ProcessingMicros + above.WaitingToReceiveMicros + above.WaitingToSendMicros;
        return above.WaitingToSendMicros > whole * Noticeable ? (above, below) : null;
    }

    /// <summary>
    /// Figures of runs that went through the same roles at once, added up by role. What is of a process and not of an attempt, such as its CPU
    /// time, cannot be added up, and is left out.
    /// </summary>
    /// <param name="runs">Figures of each run, first stage first.</param>
    public static IReadOnlyList<StageFigures> SumByRole(IEnumerable<IReadOnlyList<StageFigures>> runs) =>
    [
        .. runs.SelectMany(stages => stages).GroupBy(stage => stage.Role).Select(role =>
        {
            var instances = role.Select(stage => stage.InstanceId).Distinct().ToList();
            return new StageFigures
            {
                InstanceId = instances is [var one] ? one : $"{instances.Count} instances",
                Role = role.Key,
                ItemsIn = role.Sum(stage => stage.ItemsIn),
                ItemsOut = role.Sum(stage => stage.ItemsOut),
                Filtered = role.Sum(stage => stage.Filtered),
                Rejected = role.Sum(stage => stage.Rejected),
                BytesIn = role.Sum(stage => stage.BytesIn),
                BytesOut = role.Sum(stage => stage.BytesOut),
                BatchesIn = role.Sum(stage => stage.BatchesIn),
                BatchesOut = role.Sum(stage => stage.BatchesOut),
                ProcessingMicros = role.Sum(stage => stage.ProcessingMicros),
                WaitingToReceiveMicros = role.Sum(stage => stage.WaitingToReceiveMicros),
                WaitingToSendMicros = role.Sum(stage => stage.WaitingToSendMicros),
                BatchesReplayed = role.Sum(stage => stage.BatchesReplayed),
                FramesDiscarded = role.Sum(stage => stage.FramesDiscarded),
                ProcessPeakRssBytes = role.Max(stage => stage.ProcessPeakRssBytes),
            };
        }),
    ];

    /// <summary>As the contract has them.</summary>
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
public sealed record LatencyFigures(long Items, long P50Micros, long P99Micros, long P999Micros, long MaxMicros)
{
    /// <summary>Of a histogram; null where nothing was measured.</summary>
    public static LatencyFigures? Of(LatencyHistogram? histogram) => histogram is null || histogram.Counts.Count == 0 ? null : new(
        histogram.Counts.Sum(),
        LatencyBuckets.Quantile(histogram, 0.5),
        LatencyBuckets.Quantile(histogram, 0.99),
        LatencyBuckets.Quantile(histogram, 0.999),
        LatencyBuckets.Quantile(histogram, 1));
}
