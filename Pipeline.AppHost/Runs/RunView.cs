using System.Text.Json.Serialization;

namespace Pipeline.AppHost.Runs;

/// <summary>What the orchestrator tells of a run; docs/http-api.md says what the fields mean.</summary>
internal sealed record RunView
{
    public required string Id { get; init; }

    public required string State { get; init; }

    public string? WaitingFor { get; init; }

    public string? Input { get; init; }

    public string? Output { get; init; }

    public string? Rejects { get; init; }

    public ProgressView? Progress { get; init; }

    public CountsView? Counts { get; init; }

    public ErrorView? Error { get; init; }

    public long ElapsedMicros { get; init; }

    public long Attempts { get; init; }

    public IReadOnlyList<StageView> Stages { get; init; } = [];

    /// <summary>Of one that failed.</summary>
    [JsonIgnore]
    public string WhyFailed => $"run {Id} failed: {Error?.Message ?? Error?.Reason ?? "no reason given"}";
}

internal sealed record ProgressView(long Lines, double? Fraction);

internal sealed record CountsView(long Lines, long Blank, long Rejected, long Filtered, long Events, long WorkItems);

internal sealed record ErrorView(string? Reason, string? Message);

internal sealed record StageView(
    string? Role,
    long ItemsIn,
    long ItemsOut,
    long ProcessingMicros,
    long WaitingToReceiveMicros,
    long WaitingToSendMicros,
    long ProcessPeakRssBytes);

/// <summary>Why the orchestrator refused a call (RFC 9457).</summary>
internal sealed record ProblemView(string? Title, string? Detail);

/// <summary>What is asked of the orchestrator.</summary>
internal sealed record RunRequest(string Input, string? Output, int BatchSize);
