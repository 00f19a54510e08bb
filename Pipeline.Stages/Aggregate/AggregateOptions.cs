namespace Pipeline.Stages.Aggregate;

/// <summary>Limits of Aggregate.</summary>
public sealed class AggregateOptions
{
    /// <summary>Most distinct groups of a run; a run with more fails, rather than fill the memory.</summary>
    /// <value>From 1; default 20,000,000: about 100 bytes each.</value>
    public int MaxGroups { get; set; } = 20_000_000;

    /// <summary>Most bytes of distinct texts in one column that is grouped by.</summary>
    /// <value>From 1 to 1 GiB; default 512 MiB.</value>
    public int MaxKeyBytes { get; set; } = 512 << 20;
}
