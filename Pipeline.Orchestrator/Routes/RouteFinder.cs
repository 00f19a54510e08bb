using Pipeline.Client.Registry;
using Pipeline.Client.Runs;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Runs;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Waits, by the broker's notifications and the changes of the run's pins, for a full route.</summary>
internal sealed class RouteFinder(
    IRegistry registry, SuspectList suspects, FailedInstances failures, InstanceLoad load, CoordinatorOptions options,
    TimeProvider time)
{
    /// <summary>Returns the route once there is one.</summary>
    /// <param name="run">The run.</param>
    /// <param name="waiting">Told what it waits for, each time that changes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StageException">The hops do not fit, or a role stayed without instance for <see cref="CoordinatorOptions.RouteTimeout"/>.</exception>
    public async Task<StageRoute> FindAsync(Func<Observation<Run>> run, Action<string> waiting, CancellationToken cancellationToken)
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
            var usable = instances.Where(instance => !suspects.Contains(instance));
            switch (RoutePlanner.Plan(options.RouteOf(now.Value), usable, pins, failures.Of, load.Of))
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
                var first = await Task.WhenAny(news, now.Superseded.WaitAsync(turn.Token), suspects.RecoveryAsync(instances, turn.Token));
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
}
