using System.ComponentModel.DataAnnotations;

namespace Pipeline.Stages.Core.Runtime;

/// <summary>The stage runtime; section "Stage".</summary>
public sealed class StageOptions : IValidatableObject
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Stage";

    internal const int MinRingSlots = 4;
    internal const int MinRingSlotBytes = 64 * 1024;

    /// <summary>Time that the stages below have to answer OpenRun: 1 s to 10 min.</summary>
    /// <value>Default 30 s.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between two reports of progress: 50 ms to 1 min.</summary>
    /// <value>Default 1 s.</value>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Slots of the shared memory through which a stage hands lines to the next one on this machine: 4 to 64; 0 = none, everything goes
    /// through the stream. Events have a quarter of them.
    /// </summary>
    /// <value>Default 32.</value>
    [Range(0, 64)]
    public int RingSlots { get; set; } = 32;

    /// <summary>Bytes of one of them: 64 KiB to 4 MiB. Slots of events have a quarter of that.</summary>
    /// <value>Default 512 KiB.</value>
    [Range(MinRingSlotBytes, 4 * 1024 * 1024)]
    public int RingSlotBytes { get; set; } = 512 * 1024;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RingSlots is > 0 and < MinRingSlots)
            yield return new ValidationResult($"{nameof(RingSlots)} must be 0 or {MinRingSlots} to 64, not {RingSlots}", [nameof(RingSlots)]);
    }
}
