using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Contracts.V1;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Waits, by the broker's notifications and the changes of the run's pins, for a full route. One for each run.</summary>
internal sealed class RouteFinder(IRegistry registry, IHealthProbe probe, InstanceLoad load, CoordinatorOptions options, TimeProvider time)
{
    private readonly SuspectList _suspects = new(probe, time);

    // Attempts that failed at each instance. By its id, which survives a new registration: a process that was restarted may fail on the same input again.
    // A run makes one attempt at a time, so there is nothing to synchronize.
    private readonly Dictionary<string, int> _failures = [];

    /// <summary>Returns the route once there is one.</summary>
    /// <param name="run">The run.</param>
    /// <param name="roles">Of the route, first to last.</param>
    /// <param name="waiting">Told what it waits for, each time that changes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StageException">The hops do not fit, or a role stayed without instance for <see cref="CoordinatorOptions.RouteTimeout"/>.</exception>
    public async Task<StageRoute> FindAsync(
        Func<Observation<Run>> run, IReadOnlyList<string> roles, Action<string> waiting, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.RouteTimeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var missing = new MissingText("", null, "");
        while (true)
        {
            var observed = registry.Current;
            var now = run();
            var pins = RunPins.Of(now.Value);
            var instances = observed.Value.Instances.Values;
            var usable = instances.Where(instance => !_suspects.Contains(instance));
            switch (RoutePlanner.Plan(roles, usable, pins, FailuresAt, load.Of))
            {
                case RoutePlan.Found found:
                    return found.Route;
                case RoutePlan.Unfit unfit:
                    throw new StageException(FailureReasons.RouteUnfit, unfit.Message);
                case RoutePlan.Missing absent:
                    // Of a slice, RUN.0003, its run: that is what can be resumed.
                    var lacking = MissingText.Of(absent, pins, now.Value.Id.Split('.', 2)[0]);
                    if (lacking == missing)
                        break;
                    missing = lacking;
                    // That changes the run: what is awaited below is the change after it.
                    waiting(lacking.Waiting);
                    continue;
            }

            try
            {
                using var turn = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                var news = observed.Superseded.WaitAsync(turn.Token);
                var first = await Task.WhenAny(news, now.Superseded.WaitAsync(turn.Token), _suspects.RecoveryAsync(instances, turn.Token));
                await turn.CancelAsync();
                await first;
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                var broker = registry.Current.Value.IsConnected ? "" : "; the broker is out of reach";
                throw new StageException(
                    FailureReasons.NoRoute,
                    $"no usable instance of {missing.What} for {options.RouteTimeout.TotalSeconds:0.###} s{broker}: "
                    + missing.RemedyAfterwards);
            }
        }
    }

    /// <summary>After a failed attempt: the next route prefers instances at which fewer failed, and goes through none that does not answer.</summary>
    /// <returns>Those that do not answer now.</returns>
    public Task<IReadOnlyList<Instance>> LearnAsync(StageRoute route, Failure failure, CancellationToken cancellationToken)
    {
        // A name that is not of the route is ignored: it comes from a peer.
        if (route.Find(failure.InstanceId) is { } instance)
            _failures[instance.InstanceId] = FailuresAt(instance) + 1;
        return _suspects.ExamineAsync(route.Instances, cancellationToken);
    }

    private int FailuresAt(Instance instance) => _failures.GetValueOrDefault(instance.InstanceId);
}
