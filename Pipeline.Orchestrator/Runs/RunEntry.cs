using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Orchestrator.Attempts;

namespace Pipeline.Orchestrator.Runs;

/// <summary>A run of the <see cref="RunService"/>: what is known of it, where it is stored, and who works on it.</summary>
/// <param name="store">Where it is stored.</param>
/// <param name="run">As it is now.</param>
internal sealed class RunEntry(RunStore store, Observable<Run> run)
{
    private readonly Lock _saving = new();
    private bool _isStoredAtRest;

    /// <summary>As it is now.</summary>
    public Observable<Run> Run { get; } = run;

    /// <summary>Where it is stored.</summary>
    public RunStore Store { get; } = store;

    /// <summary>Held while a request on it is carried out.</summary>
    public Lock Requests { get; } = new();

    /// <summary>Of a run that this machine of a cluster carries out; null otherwise.</summary>
    public OwnerClaim? Owner { get; set; }

    /// <summary>Whether this orchestrator works on it.</summary>
    public bool IsWorkedOn => !Work.IsCompleted;

    /// <summary>Lines read over time, while it is worked on; what rests is read from its folder.</summary>
    public SpeedSeries? Speed { get; set; }

    /// <summary>Stops the present or the latest work.</summary>
    public StopSignal Stop { get; set; } = new();

    /// <summary>The present or the latest work; never fails.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Lets active states be stored again after it has come to rest.</summary>
    public void Reopen()
    {
        lock (_saving)
            _isStoredAtRest = false;
    }

    /// <summary>Makes a state durable.</summary>
    /// <remarks>
    /// It is stored by its worker, and by requests to stop it or to replace a stage. Of several active states the newest is stored; none of them
    /// replaces a resting state, which is stored before watchers are told.
    /// </remarks>
    /// <param name="state">The state.</param>
    /// <param name="owner">The claim under which it is stored; null = <see cref="Owner"/>.</param>
    /// <exception cref="Contracts.StageException">store_unwritable, or fenced: another machine has claimed the run since.</exception>
    public void Save(Run state, OwnerClaim? owner = null)
    {
        lock (_saving)
        {
            if (state.State.IsActive() && _isStoredAtRest)
                return;
            if (state.State.IsActive() && Run.Current.Value is var now && now.State.IsActive())
                state = now with { Stall = state.Stall };
            owner ??= Owner;
            Require(owner);
            Store.Save(owner is null ? state : AsClustered(state), owner?.Number ?? 0);
            _isStoredAtRest = !state.State.IsActive();
        }
    }

    /// <summary>Fails unless the claim, where there is one, is still the latest of its run.</summary>
    /// <exception cref="Contracts.StageException">store_unwritable, or fenced.</exception>
    public static void Require(OwnerClaim? owner)
    {
        if (owner is not null)
            RunStore.Write("the run's state", owner.Require);
    }

    // When a machine stops, another one goes on with its runs, or its own next start does. That is no loss of an owner.
    private static Run AsClustered(Run run) =>
        run.State == RunState.Interrupted
            ? run with { State = RunState.Pending, StopRequested = null, Ended = null, Takeovers = Math.Max(0, run.Takeovers - 1) }
            : run;
}
