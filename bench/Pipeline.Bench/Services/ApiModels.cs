using System.Text.Json.Serialization;
using Pipeline.Bench.Figures;

namespace Pipeline.Bench.Services;

/// <summary>What the benchmark sends and reads of docs/http-api.md.</summary>
internal sealed record NewRun
{
    public required string Input { get; init; }

    public required string Output { get; init; }

    public required int BatchSize { get; init; }

    public required long CheckpointIntervalMillis { get; init; }

    public required double Rate { get; init; }
}

internal sealed record ApiRun(
    string Id, string State, long Attempts, long ElapsedMicros, ApiProgress Progress, ApiCounts Counts, ApiError? Error, IReadOnlyList<ApiStage> Stages);

internal sealed record ApiProgress(long Checkpoint);

internal sealed record ApiCounts(long Lines, long Blank, long Rejected, long Filtered, long Events, long WorkItems);

internal sealed record ApiError(string Message);

internal sealed record ApiStage(
    string Role,
    long BatchesIn,
    long BytesIn,
    long ProcessingMicros,
    long WaitingToReceiveMicros,
    long WaitingToSendMicros,
    long ProcessCpuMicros,
    long AllocatedBytes,
    LatencyFigures? Latency);

internal sealed record ApiTopology(bool Connected, IReadOnlyList<ApiInstance> Instances);

internal sealed record ApiInstance(string Role, string State);

internal sealed record ApiEndpoint(string Address);

internal sealed record ApiProblem(string? Detail);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(NewRun))]
[JsonSerializable(typeof(ApiRun))]
[JsonSerializable(typeof(ApiTopology))]
[JsonSerializable(typeof(ApiEndpoint))]
[JsonSerializable(typeof(ApiProblem))]
internal sealed partial class ApiJson : JsonSerializerContext;
