using Pipeline.Client.Registry;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Waits, by the broker's notifications, for a full route.</summary>
internal sealed class RouteFinder(
    IRegistry registry, SuspectList suspects, FailedInstances failures, InstanceLoad load, CoordinatorOptions options,
    TimeProvider time)
{
    /// <summary>Returns the route once there is one.</summary>
    /// <param name="roles">Roles, first to last.</param>
    /// <param name="waiting">Told the roles that it waits for, each time they change.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StageException">The hops do not fit, or a role stayed without instance for <see cref="CoordinatorOptions.RouteTimeout"/>.</exception>
    public async Task<StageRoute> FindAsync(IReadOnlyList<string> roles, Action<string> waiting, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.RouteTimeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var missing = "";
        while (true)
        {
            var observed = registry.Current;
            var instances = observed.Value.Instances.Values;
            switch (RoutePlanner.Plan(roles, instances.Where(instance => !suspects.Contains(instance)), failures.Of, load.Of))
            {
                case RoutePlan.Found found:
                    return found.Route;
                case RoutePlan.Unfit unfit:
                    throw new StageException(FailureReasons.RouteUnfit, unfit.Message);
                case RoutePlan.Missing absent:
                    var lacking = string.Join(", ", absent.Roles);
                    if (lacking != missing)
                        waiting(lacking);
                    missing = lacking;
                    break;
            }

            try
            {
                using var turn = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                var news = observed.Superseded.WaitAsync(turn.Token);
                var first = await Task.WhenAny(news, suspects.RecoveryAsync(instances, turn.Token));
                await turn.CancelAsync();
                await first;
            }
            catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                var broker = registry.Current.Value.IsConnected ? "" : "; the broker is out of reach";
                throw new StageException(
                    FailureReasons.NoRoute,
                    $"no usable instance of {missing} for {options.RouteTimeout.TotalSeconds:0.###} s{broker}: start one, then resume the run");
            }
        }
    }
}
