using Pipeline.Contracts.V1;

namespace Pipeline.Contracts;

/// <summary>What is in a checkpoint, for those that read and write it; all others hand it on as it is.</summary>
public static class CheckpointParts
{
    /// <summary>Where the input was; null in a page without it.</summary>
    /// <exception cref="StageException">protocol_violation: it was altered on the way.</exception>
    public static Position? OpenPosition(this Checkpoint checkpoint) => checkpoint.Position?.Open(V1.Position.Parser);

    /// <inheritdoc cref="OpenPosition(Checkpoint)"/>
    public static Position? OpenPosition(this CheckpointCommitted committed) => committed.Position?.Open(V1.Position.Parser);

    /// <summary>Aggregate's part; null above it.</summary>
    /// <exception cref="StageException">protocol_violation: it was altered on the way.</exception>
    public static CheckpointState? OpenState(this Checkpoint checkpoint) => checkpoint.State?.Open(CheckpointState.Parser);

    /// <summary>As it is stored.</summary>
    /// <exception cref="StageException">protocol_violation: it was altered on the way.</exception>
    public static CheckpointPage ToPage(this Checkpoint checkpoint)
    {
        var state = checkpoint.OpenState();
        return new CheckpointPage
        {
            Id = checkpoint.Id,
            Position = checkpoint.OpenPosition(),
            Counts = state?.Counts,
            Groups = { state?.Groups ?? [] },
            More = checkpoint.More,
        };
    }

    /// <summary>As it is sent.</summary>
    public static Checkpoint ToCheckpoint(this CheckpointPage page) => new()
    {
        Id = page.Id,
        Position = page.Position is { } position ? Opaque.Of(position) : null,
        State = Opaque.Of(new CheckpointState { Counts = page.Counts, Groups = { page.Groups } }),
        More = page.More,
    };
}
