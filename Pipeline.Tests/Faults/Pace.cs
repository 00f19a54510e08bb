namespace Pipeline.Tests.Faults;

/// <summary>How a run goes while something is done to it.</summary>
internal enum Pace
{
    /// <summary>As fast as it can: whoever is slowest has others waiting.</summary>
    Full,

    /// <summary>The same in batches so small that many frames are under way at any moment.</summary>
    SmallBatches,

    /// <summary>As small batches, and a stage below the one that dies stands still for a moment: the queues to it are full.</summary>
    Congested,

    /// <summary>Over a second or two, with a checkpoint each tenth of one: most of the work is durable, and the next stages are idle.</summary>
    Steady,
}
