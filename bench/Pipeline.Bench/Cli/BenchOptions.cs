namespace Pipeline.Bench.Cli;

/// <summary>What a benchmark is to do.</summary>
internal sealed record BenchOptions
{
    /// <summary>Lines of the input.</summary>
    public required long Count { get; init; }

    /// <summary>Lines per batch; 0 = auto.</summary>
    public required IReadOnlyList<int> BatchSizes { get; init; }

    /// <summary>Whether rows without shared memory are measured, too.</summary>
    public required bool GrpcAlone { get; init; }

    /// <summary>Rounds that count.</summary>
    public required int Runs { get; init; }

    /// <summary>Where reports go; null = nowhere but the console.</summary>
    public required string? Report { get; init; }

    /// <summary>"events" or "work-items".</summary>
    public required string Workload { get; init; }

    /// <summary>Size of a work item.</summary>
    public required string Payload { get; init; }

    /// <summary>Lines per second of a paced run.</summary>
    public required double Rate { get; init; }

    /// <summary>The command line, for the report.</summary>
    public required string Command { get; init; }
}

/// <summary>Something went wrong that a person is told without a stack trace.</summary>
internal sealed class BenchException(string message, Exception? inner = null) : Exception(message, inner);
