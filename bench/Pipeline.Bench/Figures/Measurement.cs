using Pipeline.Client.Runs;

namespace Pipeline.Bench.Figures;

/// <summary>What one row took in one round.</summary>
internal sealed record Measurement
{
    /// <summary>First byte read to results durable (DuckDB: query to last result).</summary>
    public required double Seconds { get; init; }

    /// <summary>User and system, summed over the processes that do the work.</summary>
    public required double CpuSeconds { get; init; }

    /// <summary>Most resident memory during the round, by process, bytes.</summary>
    public required IReadOnlyDictionary<string, long> PeakRssBytes { get; init; }

    /// <summary>Checkpoints committed, the last one included; 0 where there is no such thing.</summary>
    public long Checkpoints { get; init; }

    /// <summary>First stage first; none where there are no stages.</summary>
    public IReadOnlyList<StageMeasurement> Stages { get; init; } = [];
}

/// <summary>One stage of it.</summary>
internal sealed record StageMeasurement
{
    public required string Role { get; init; }

    public required double CpuSeconds { get; init; }

    /// <summary>In the transform, waiting to send left out.</summary>
    public required double ProcessingSeconds { get; init; }

    public required double WaitingToReceiveSeconds { get; init; }

    public required double WaitingToSendSeconds { get; init; }

    public required long AllocatedBytes { get; init; }

    public required long BatchesIn { get; init; }

    public required long BytesIn { get; init; }

    public LatencyFigures? Latency { get; init; }
}
