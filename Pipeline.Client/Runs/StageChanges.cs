namespace Pipeline.Client.Runs;

/// <summary>An instance that was taken out.</summary>
public sealed record StoppedInstance
{
    /// <summary>Its id.</summary>
    public required string InstanceId { get; init; }

    /// <summary>What carries out its role.</summary>
    public required Implementation Implementation { get; init; }

    /// <summary>Its process, as registered; 0: it told none.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Whether it was taken out: no further attempt goes through it. False: it could not be.</summary>
    public required bool TakenOut { get; init; }

    /// <summary>Whether no run goes through it any more; false: an attempt has not drained in time, or it is not known.</summary>
    public required bool Drained { get; init; }

    /// <summary>Whether the process was asked to end.</summary>
    public required bool Signalled { get; init; }

    /// <summary>What happened to the process, and what is left to do.</summary>
    public required string Message { get; init; }

    /// <summary>Runs that went through it: they drain, and go on with another instance once one is up.</summary>
    public required IReadOnlyList<string> Runs { get; init; }
}

/// <summary>A role that another implementation has taken over.</summary>
public sealed record ReplacedRole
{
    /// <summary>What carries it out now.</summary>
    public required Implementation Implementation { get; init; }

    /// <summary>Its instances.</summary>
    public required IReadOnlyList<string> Instances { get; init; }

    /// <summary>Runs that were moved to it.</summary>
    public required IReadOnlyList<string> Runs { get; init; }

    /// <summary>Instances of the others that were taken out.</summary>
    public required IReadOnlyList<StoppedInstance> Stopped { get; init; }
}
