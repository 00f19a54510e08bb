namespace Pipeline.Stages.Core.Metrics;

/// <summary>Figures that a stage itself counts; the runtime counts frames, bytes and times around it. Written by the stage's one caller.</summary>
public sealed class StageMeter
{
    /// <summary>Events dropped by rules.</summary>
    public long Filtered { get; set; }

    /// <summary>Lines rejected here.</summary>
    public long Rejected { get; set; }

    /// <summary>Batches that begin before the furthest position that any attempt of the run had read.</summary>
    public long BatchesReplayed { get; set; }

    /// <summary>Frames that came too late: of an attempt that was over.</summary>
    public long FramesDiscarded { get; set; }

    /// <summary>Groups of the last checkpoint that came: they travel in it, and in no batch.</summary>
    public long GroupsIn { get; set; }

    /// <summary>Groups of the last checkpoint that was handed on.</summary>
    public long GroupsOut { get; set; }

    /// <summary>Time from line read to applied here.</summary>
    public LatencyRecorder Latency { get; } = new();
}
