namespace Pipeline.Client.Runs;

/// <summary>Names of the events of a run; one that rests has the name of its state.</summary>
public static class RunEventNames
{
    /// <summary>Another state, waiting for others, or the beginning or end of a stall.</summary>
    public const string State = "state";

    /// <summary>Other figures.</summary>
    public const string Progress = "progress";
}
