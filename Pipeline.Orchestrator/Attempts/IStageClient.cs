using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>Opens attempts on the first hop of a route.</summary>
internal interface IStageClient
{
    /// <summary>Calls the first hop and sends <paramref name="open"/>; never waits.</summary>
    /// <exception cref="StageException">The hop's address is not one.</exception>
    IAttemptCall Open(Hop first, OpenRun open);
}

/// <summary>An attempt under way. Disposing it breaks it off.</summary>
internal interface IAttemptCall : IAsyncDisposable
{
    /// <summary>Asks the first stage to read no further.</summary>
    /// <exception cref="StageException">The call is over; <see cref="ReadAsync"/> tells why.</exception>
    Task DrainAsync(CancellationToken cancellationToken);

    /// <summary>What comes up, to its end.</summary>
    /// <exception cref="StageException">The attempt failed.</exception>
    IAsyncEnumerable<StageOutput> ReadAsync(CancellationToken cancellationToken);
}
