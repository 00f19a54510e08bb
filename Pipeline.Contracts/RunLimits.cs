namespace Pipeline.Contracts;

/// <summary>Bounds of a run's options, as stage.proto states them; both ends check the same.</summary>
public static class RunLimits
{
    /// <summary>Most lines of a batch; 0 is auto.</summary>
    public const int MaxBatchLines = 100_000;

    /// <summary>Longest linger: 10 s, in microseconds.</summary>
    public const long MaxLingerMicros = 10_000_000;

    /// <summary>Least bound of a line's length, bytes.</summary>
    public const int MinLineBytes = 64;

    /// <summary>Greatest bound of a line's length: 4 MiB, in bytes.</summary>
    public const int MaxLineBytes = 4 << 20;

    /// <summary>Most columns to group by.</summary>
    public const int MaxGroupColumns = 8;

    /// <summary>Least time between checkpoints: 1 ms, in microseconds; 0 is only those at the beginning and at the end.</summary>
    public const long MinCheckpointMicros = 1_000;

    /// <summary>Greatest time between checkpoints: an hour, in microseconds.</summary>
    public const long MaxCheckpointMicros = 3_600_000_000;

    /// <summary>Greatest rate, lines per second; 0 is no limit.</summary>
    public const double MaxRate = 1_000_000_000;
}
