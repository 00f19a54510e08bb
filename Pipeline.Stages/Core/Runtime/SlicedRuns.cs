namespace Pipeline.Stages.Core.Runtime;

/// <summary>What a stage cannot do in a run over a slice of an input.</summary>
public static class SlicedRuns
{
    /// <summary>Why a stage refuses a slice, with invalid_options, where it reads the number of an event's line.</summary>
    public const string NoLines =
        "a partitioned run cannot group by 'line', or use rules or bridges that read it: "
        + "the line numbers of the whole input are not known while it is read in parts; run it with --partitions 1";
}
