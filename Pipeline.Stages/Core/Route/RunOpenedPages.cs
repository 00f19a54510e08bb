using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Route;

/// <summary>RunOpened in pages, so that a large state of Aggregate fits into messages.</summary>
public static class RunOpenedPages
{
    /// <summary>About how large a page may get, in bytes.</summary>
    private const int PageBytes = 1024 * 1024;

    /// <summary>Cuts an answer into pages; a small one is one page.</summary>
    public static IEnumerable<RunOpened> Split(RunOpened whole)
    {
        var groups = whole.Resume?.Groups;
        if (groups is null || groups.Count == 0)
        {
            yield return whole;
            yield break;
        }

        var last = new RunOpened
        {
            Resume = whole.Resume!.Clone(),
            RingAccepted = whole.RingAccepted,
            LinesTaken = whole.LinesTaken,
            Skipped = whole.Skipped,
        };
        last.Resume.Groups.Clear();
        last.Columns.AddRange(whole.Columns);
        var (page, bytes) = (new Checkpoint { Id = whole.Resume.Id }, 0);
        foreach (var group in groups)
        {
            var size = group.CalculateSize();
            if (bytes > 0 && bytes + size > PageBytes)
            {
                yield return new RunOpened { Resume = page, More = true };
                (page, bytes) = (new Checkpoint { Id = whole.Resume.Id }, 0);
            }

            page.Groups.Add(group);
            bytes += size;
        }

        last.Resume.Groups.Add(page.Groups);
        yield return last;
    }

    /// <summary>Joins pages again.</summary>
    /// <param name="next">Gives the next answer of the hop below; null: there is none.</param>
    /// <exception cref="StageException">The hop answers something else, or stops within.</exception>
    public static async Task<RunOpened> JoinAsync(Func<ValueTask<StageOutput?>> next)
    {
        var groups = new List<Group>();
        while (true)
        {
            var output = await next();
            if (output?.RunOpened is not { } page)
            {
                throw new StageException(
                    FailureReasons.ProtocolViolation,
                    $"The hop below answered {output?.OutputCase.ToString() ?? "nothing"} where the contract has RunOpened.");
            }

            groups.AddRange(page.Resume?.Groups ?? []);
            if (!page.More)
            {
                if (page.Resume is { } resume)
                {
                    resume.Groups.Clear();
                    resume.Groups.AddRange(groups);
                }

                return page;
            }
        }
    }
}
