using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Route;

/// <summary>RunOpened comes in pages where Aggregate has a large state: each fits into a message, and none is kept.</summary>
public static class RunOpenedPages
{
    /// <summary>The pages that stand for stored state, and the answer, which is the last one.</summary>
    public static IEnumerable<RunOpened> Of(IEnumerable<Checkpoint> stored, RunOpened answer) => stored
        .Select(page => new RunOpened { Resume = page, More = true })
        .Append(answer);

    /// <summary>Reads pages.</summary>
    /// <param name="next">Gives the next answer of the hop below; null: there is none.</param>
    /// <param name="hop">Whom they come from.</param>
    /// <param name="restore">Takes each page but the last.</param>
    /// <returns>The last page.</returns>
    /// <exception cref="StageException">The hop answers something else, stops within, or has altered a checkpoint; the state does not fit the run.</exception>
    public static async Task<RunOpened> ReadAsync(Func<ValueTask<StageOutput?>> next, Hop hop, Func<RunOpened, ValueTask> restore)
    {
        while (true)
        {
            var output = await next();
            if (output?.RunOpened is not { } page)
                throw Violations.By(hop, $"{output?.OutputCase.ToString() ?? "nothing"} where RunOpened was to come");

            if (page.Resume is { } resume && Violations.FindAltered(resume) is { } altered)
                throw Violations.By(hop, altered);

            if (!page.More)
                return page;

            try
            {
                await restore(page);
            }
            catch (StageException exception)
            {
                throw Violations.NameAs(exception, hop);
            }
        }
    }
}
