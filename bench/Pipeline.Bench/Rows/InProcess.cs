namespace Pipeline.Bench.Rows;

/// <summary>Figures of the benchmark's own process.</summary>
internal static class InProcess
{
    /// <summary>Its peak, with all that rows before this one have left in it: an upper bound.</summary>
    public static Dictionary<string, long> PeakRss() => new() { ["bench"] = Stages.Core.Metrics.PeakMemory.ReadBytes() };
}
