using System.ComponentModel.DataAnnotations;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>The stage runtime; section "Stage".</summary>
public sealed class StageOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Stage";

    /// <summary>Time that the stages below have to answer OpenRun: 1 s to 10 min.</summary>
    /// <value>Default 30 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two reports of progress: 50 ms to 1 min.</summary>
    /// <value>Default 1 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Slots of the shared memory through which large line batches go to the next stage on this machine: 4 to 64; 0 = none, they go through the stream.</summary>
    /// <value>Default 32.</value>
    [Range(0, 64)]
    public int RingSlots { get; set; } = 32;

    /// <summary>Bytes of one of them: 64 KiB to 4 MiB.</summary>
    /// <value>Default 256 KiB.</value>
    [Range(64 * 1024, 4 * 1024 * 1024)]
    public int RingSlotBytes { get; set; } = 256 * 1024;
}
