using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Stages.Core.Route;

/// <summary>Finds a hop that has altered a checkpoint instead of handing it on.</summary>
internal static class CheckpointCheck
{
    /// <summary>The hop above the receiver of an OpenRun; one without a name where the path does not tell.</summary>
    public static Hop HopAbove(OpenRun open)
    {
        var index = open.Path.Count - open.Route.Count - 2;
        return index >= 0 ? open.Path[index] : new Hop();
    }

    /// <summary>Sees that a checkpoint is as it was sealed.</summary>
    /// <param name="checkpoint">As it came.</param>
    /// <param name="from">Whom it came from.</param>
    /// <exception cref="StageException">protocol_violation, of that hop.</exception>
    public static void RequireIntact(this Checkpoint checkpoint, Hop from)
    {
        if (checkpoint.Position is { IsIntact: false })
        {
            throw Altered(checkpoint, "position", from);
        }

        if (checkpoint.State is { IsIntact: false })
        {
            throw Altered(checkpoint, "state", from);
        }
    }

    private static StageException Altered(Checkpoint checkpoint, string part, Hop from)
    {
        var hop = from.Role.Length == 0 ? "The hop above" : $"{from.Role} ({from.InstanceId})";
        return new StageException(new Failure
        {
            Reason = FailureReasons.ProtocolViolation,
            Message = $"{hop} handed on checkpoint {checkpoint.Id} with a {part} that does not fit its checksum: it was decoded and "
                + "encoded again there, or by a hop behind it that is not of Pipeline. A stage hands on these bytes as they came; languages whose "
                + "numbers are doubles round what is in them. Mend that stage, and resume the run.",
            InstanceId = from.InstanceId,
            Role = from.Role,
        });
    }
}
