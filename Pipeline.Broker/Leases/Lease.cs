namespace Pipeline.Broker.Leases;

/// <summary>The right of one registration to be in the registry until its deadline.</summary>
/// <param name="Id">Positive; never given twice.</param>
/// <param name="InstanceId">Whose it is.</param>
internal sealed record Lease(long Id, string InstanceId)
{
    /// <summary>When it runs out, on the clock of <see cref="LeaseTable"/>.</summary>
    public TimeSpan Deadline { get; set; }
}
