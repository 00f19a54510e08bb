using System.ComponentModel.DataAnnotations;

namespace Pipeline.Broker.Watch;

/// <summary>What watchers may ask for; section "Watch".</summary>
public sealed class WatchOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Watch";

    /// <summary>Changes kept for watchers that resume or read slowly: 16 to 1,000,000. Who is further behind begins anew with a snapshot.</summary>
    /// <value>Default 4,096.</value>
    [Range(16, 1_000_000)]
    public int HistoryChanges { get; set; } = 4096;

    /// <summary>Bytes of those changes, as on the wire: 64 KiB to 1 GiB.</summary>
    /// <value>Default 8 MiB.</value>
    [Range(64 * 1024, 1024 * 1024 * 1024)]
    public int HistoryBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Watches at once: 1 to 10,000. One more is RESOURCE_EXHAUSTED.</summary>
    /// <value>Default 128.</value>
    [Range(1, 10_000)]
    public int MaxWatchers { get; set; } = 128;

    /// <summary>Instances in one page of a snapshot: 1 to 1,000.</summary>
    /// <value>Default 100.</value>
    [Range(1, 1000)]
    public int SnapshotPage { get; set; } = 100;

    /// <summary>How long one answer may wait for a watcher to read, after which its stream is reset: 10 ms to 1 h.</summary>
    /// <value>Default 30 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
