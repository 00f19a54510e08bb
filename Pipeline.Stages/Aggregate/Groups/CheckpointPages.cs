using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Aggregate.Groups;

/// <summary>Cuts a checkpoint with all groups into pages.</summary>
internal static class CheckpointPages
{
    /// <summary>
    /// Size that a page does not exceed, unless by its last group; bytes as on the wire. Its objects take ten times as much, and must be
    /// garbage before they leave the garbage collector's first generation of 8 MiB: of larger ones hundreds of megabytes gather.
    /// </summary>
    public const int PageBytes = 1 << 16;

    /// <summary>What the pages hold, each made when asked for; the last one alone has counts.</summary>
    /// <param name="groups">All groups.</param>
    /// <param name="counts">Of all events so far.</param>
    public static IEnumerable<CheckpointState> Of(IEnumerable<Group> groups, Counts counts)
    {
        var page = new CheckpointState();
        var bytes = 0;
        foreach (var group in groups)
        {
            if (bytes >= PageBytes)
            {
                yield return page;
                page = new CheckpointState();
                bytes = 0;
            }

            page.Groups.Add(group);
            bytes += group.CalculateSize() + 4;
        }

        page.Counts = counts;
        yield return page;
    }
}
