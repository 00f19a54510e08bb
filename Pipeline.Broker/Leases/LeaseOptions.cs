using System.ComponentModel.DataAnnotations;

namespace Pipeline.Broker.Leases;

/// <summary>How long an instance lives without a renewal; section "Leases".</summary>
public sealed class LeaseOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Leases";

    /// <summary>Time to live of a lease: 200 ms to 10 min. Clients renew about every third of it.</summary>
    /// <value>Default 5 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.200", "00:10:00")]
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often leases are looked through: a departure is seen this much later at most.</summary>
    internal TimeSpan SweepInterval => TimeToLive / 50;
}
