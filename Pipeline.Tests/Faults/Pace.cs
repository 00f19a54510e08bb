namespace Pipeline.Tests.Faults;

/// <summary>How a run goes while something is done to it.</summary>
internal enum Pace
{
    /// <summary>As fast as it can: whoever is slowest has others waiting.</summary>
    Full,

    /// <summary>The same in batches so small that many frames are under way at any moment.</summary>
    SmallBatches,

    /// <summary>As fast as it can, and the stage below the one that dies stands still for a moment: what was under way to it waits.</summary>
    Congested,

    /// <summary>Over a second or two, with a checkpoint each tenth of one: most of the work is durable, and the next stages are idle.</summary>
    Steady,
}
