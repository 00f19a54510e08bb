using Pipeline.Contracts;
using Pipeline.Contracts.V1;
using Pipeline.Stages.Core.Wire;

namespace Pipeline.Stages.Core.Route;

/// <summary>Violations of pipeline/v1/stage.proto, and the hop that each is blamed on.</summary>
internal static class Violations
{
    /// <summary>A violation by a hop.</summary>
    /// <param name="hop">Whose it is; without a name where that is not known.</param>
    /// <param name="what">What it sent, to follow "sent".</param>
    /// <param name="retryable">Whether another attempt may succeed.</param>
    public static StageException By(Hop hop, string what, bool retryable = false) => new(new Failure
    {
        Reason = FailureReasons.ProtocolViolation,
        Message = $"{(hop.Role.Length == 0 ? "The caller" : $"{hop.Role} ({hop.InstanceId})")} sent {what}. "
            + "pipeline/v1/stage.proto has the rules; mend that stage, and resume the run.",
        InstanceId = hop.InstanceId,
        Role = hop.Role,
        Retryable = retryable,
    });

    /// <summary>Names the hop above in a violation that names nobody.</summary>
    /// <param name="exception">What an attempt ended with.</param>
    /// <param name="open">What it was opened with; null: not yet.</param>
    /// <param name="instanceId">This stage.</param>
    public static StageException Name(StageException exception, OpenRun? open, string instanceId) =>
        NameAs(exception, HopAbove(open, instanceId));

    /// <summary>Names a hop in a violation that names nobody.</summary>
    /// <param name="exception">What came of what the hop has sent.</param>
    /// <param name="hop">Whose it is.</param>
    public static StageException NameAs(StageException exception, Hop hop) =>
        exception.Failure is { Reason: FailureReasons.ProtocolViolation, InstanceId.Length: 0 } failure
            ? By(hop, failure.Message.TrimEnd('.'), failure.Retryable)
            : exception;

    /// <summary>Checks that the route begins below this stage.</summary>
    /// <exception cref="StageException">protocol_violation: the hop above did not shorten it, or took off too much.</exception>
    public static void RequireRoute(OpenRun open, string instanceId)
    {
        if (open.Path.Count == 0)
            return;

        var self = IndexOf(open, instanceId);
        var below = open.Path.Count - 1 - self;
        if (self < 0)
            throw ProtoReader.Violation($"OpenRun whose path does not name {instanceId}");

        if (below != open.Route.Count)
        {
            throw ProtoReader.Violation(
                $"OpenRun with a route of {open.Route.Count} hops to {instanceId}, which has {below} below it: "
                + "a stage takes the hop that it opens off the route");
        }
    }

    /// <summary>What a hop has altered in a checkpoint instead of handing it on, to follow "sent"; null: nothing.</summary>
    public static string? FindAltered(Checkpoint checkpoint) =>
        FindAltered($"checkpoint {checkpoint.Id} with a position", checkpoint.Position)
        ?? FindAltered($"checkpoint {checkpoint.Id} with a state", checkpoint.State);

    /// <inheritdoc cref="FindAltered(Checkpoint)"/>
    public static string? FindAltered(CheckpointCommitted committed) =>
        FindAltered($"CheckpointCommitted {committed.Id} with a position", committed.Position);

    private static string? FindAltered(string what, Opaque? part) => part is not { IsIntact: false }
        ? null
        : $"{what} that does not fit its checksum: it was decoded and encoded again there, or by a hop beyond it that is "
            + "not one of Pipeline's. A stage hands on these bytes as they came; languages whose numbers are doubles round what is in them";

    private static Hop HopAbove(OpenRun? open, string instanceId)
    {
        var index = open is null ? -1 : IndexOf(open, instanceId) - 1;
        return index >= 0 ? open!.Path[index] : new Hop();
    }

    private static int IndexOf(OpenRun open, string instanceId) => open.Path.ToList().FindIndex(hop => hop.InstanceId == instanceId);
}
