using Pipeline.Contracts;
using Pipeline.Contracts.V1;

namespace Pipeline.Cli.CheckStage.Messages;

/// <summary>What has come to the hop below, counted as the contract counts lines.</summary>
internal sealed class Tally
{
    private long _inState;

    public long Events { get; private set; }

    public long WorkItems { get; private set; }

    public long Rejected { get; private set; }

    public long Filtered { get; private set; }

    /// <summary>All of them, and those in Aggregate's state.</summary>
    public long Lines => Events + WorkItems + Rejected + Filtered + _inState;

    /// <summary>Counts a message; of Aggregate's state the last counts are those that hold.</summary>
    /// <exception cref="StageException">The state of a checkpoint cannot be read.</exception>
    public void Add(StageInput message)
    {
        WorkItems += message.WorkItems?.Items.Count ?? 0;
        if (message.Events is { } events)
        {
            Events += events.Count;
            Rejected += events.Rejects.Count;
            Filtered += events.Filtered;
        }

        if (message.Checkpoint?.OpenState()?.Counts is { } counts)
            _inState = counts.Events + counts.Filtered;
    }

    public override string ToString() =>
        $"{Events} events + {WorkItems} work items + {Rejected} rejected + {Filtered} filtered"
        + $"{(_inState > 0 ? $" + {_inState} in the state" : "")} = {Lines}";
}
