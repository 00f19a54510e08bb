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

    /// <summary>The pages, each made when asked for; id and position on each, counts on the last, which alone has More = false.</summary>
    /// <param name="barrier">The checkpoint as it came from above.</param>
    /// <param name="groups">All groups.</param>
    public static IEnumerable<Checkpoint> Of(Checkpoint barrier, IEnumerable<Group> groups)
    {
        var page = New(barrier);
        var bytes = 0;
        foreach (var group in groups)
        {
            if (bytes >= PageBytes)
            {
                page.More = true;
                yield return page;
                page = New(barrier);
                bytes = 0;
            }

            page.Groups.Add(group);
            bytes += group.CalculateSize() + 4;
        }

        page.Counts = barrier.Counts;
        yield return page;
    }

    private static Checkpoint New(Checkpoint barrier) => new() { Id = barrier.Id, Position = barrier.Position };
}
