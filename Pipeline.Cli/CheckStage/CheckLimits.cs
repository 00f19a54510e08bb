namespace Pipeline.Cli.CheckStage;

/// <summary>How long check-stage waits, and how much it sends.</summary>
internal sealed record CheckLimits
{
    /// <summary>Longest time for anything that is to come at once.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan Answer { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Deadline of the health service, as the orchestrator has it.</summary>
    /// <value>Default 1 s.</value>
    public TimeSpan Health { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time without a further message taken, after which the stage is held back by the hop below.</summary>
    /// <value>Default 1 s.</value>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time that an open call says nothing, so that only pings pass: four of them.</summary>
    /// <value>Default 9 s.</value>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(9);

    /// <summary>
    /// Most bytes that a stage may take while the hop below reads nothing: its window of 16 MiB, a message of 16 MiB at each end, and as
    /// much again for its library and the sockets.
    /// </summary>
    /// <value>64 MiB.</value>
    public int Buffered { get; init; } = 64 << 20;

    /// <summary>Lines of the input that is compared with the monolith.</summary>
    /// <value>Default 100,000.</value>
    public int ReferenceLines { get; init; } = 100_000;

    /// <summary>Longest time for one such run.</summary>
    /// <value>2 min, and where there are more than 100,000 lines as much for each 100,000.</value>
    public TimeSpan Reference => TimeSpan.FromMinutes(2) * Math.Max(1, ReferenceLines / 100_000.0);
}
