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
}
