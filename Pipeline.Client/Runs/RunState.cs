using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Client.Runs;

/// <summary>Where a run stands.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<RunState>))]
public enum RunState
{
    /// <summary>Waits for its turn.</summary>
    Pending,

    /// <summary>Waits for a full route.</summary>
    Waiting,

    /// <summary>An attempt is under way.</summary>
    Running,

    /// <summary>The attempt is to end at a checkpoint.</summary>
    Draining,

    /// <summary>Stopped on demand.</summary>
    Paused,

    /// <summary>Given up on demand; can be resumed all the same.</summary>
    Cancelled,

    /// <summary>Cannot go on by itself.</summary>
    Failed,

    /// <summary>Its orchestrator stopped or died.</summary>
    Interrupted,

    /// <summary>The result files are durable and in place.</summary>
    Completed,
}

/// <summary>What the states have in common.</summary>
public static class RunStates
{
    /// <summary>Somebody works on it, or is about to.</summary>
    public static bool IsActive(this RunState state) => state is RunState.Pending or RunState.Waiting or RunState.Running or RunState.Draining;

    /// <summary>It can go on from its last checkpoint.</summary>
    public static bool IsResumable(this RunState state) => !state.IsActive() && state != RunState.Completed;

    /// <summary>It can be given up.</summary>
    public static bool IsCancellable(this RunState state) => state is not (RunState.Completed or RunState.Cancelled);

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

/// <summary>Writes the values of an enumeration as their names, each of one word, in lower case.</summary>
public sealed class LowerCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;
