using System.Text.Json.Serialization;

namespace Pipeline.Client.Runs;

/// <summary>Where a run stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunState>))]
public enum RunState
{
    /// <summary>Waits for its turn.</summary>
    [JsonStringEnumMemberName("pending")]
    Pending,

    /// <summary>Waits for a full route.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>An attempt is under way.</summary>
    [JsonStringEnumMemberName("running")]
    Running,

    /// <summary>The attempt is to end at a checkpoint.</summary>
    [JsonStringEnumMemberName("draining")]
    Draining,

    /// <summary>Stopped on demand.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused,

    /// <summary>Given up on demand; can be resumed all the same.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,

    /// <summary>Cannot go on by itself.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,

    /// <summary>Its orchestrator stopped or died.</summary>
    [JsonStringEnumMemberName("interrupted")]
    Interrupted,

    /// <summary>The result files are durable and in place.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed,
}

/// <summary>What the states have in common.</summary>
public static class RunStates
{
    /// <summary>Somebody works on it, or is about to.</summary>
    public static bool IsActive(this RunState state) => state is RunState.Pending or RunState.Waiting or RunState.Running or RunState.Draining;

    /// <summary>It can go on from its last checkpoint.</summary>
    public static bool IsResumable(this RunState state) => !state.IsActive() && state != RunState.Completed;

    /// <summary>As JSON writes it.</summary>
    public static string ToText(this RunState state) => state.ToString().ToLowerInvariant();
}

/// <summary>Names of the events of a run; one that rests has the name of its state.</summary>
public static class RunEventNames
{
    /// <summary>Another state, waiting for others, or the beginning or end of a stall.</summary>
    public const string State = "state";

    /// <summary>Other figures.</summary>
    public const string Progress = "progress";
}
