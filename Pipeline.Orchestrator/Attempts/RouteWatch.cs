using Pipeline.Client.Registry;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Routes;

namespace Pipeline.Orchestrator.Attempts;

/// <summary>What became of a route's instance.</summary>
/// <param name="Instance">The instance as it was taken.</param>
/// <param name="IsDraining">True: it takes nothing new; false: it is gone and does not answer.</param>
internal sealed record RouteNews(Instance Instance, bool IsDraining);

/// <summary>Watches the instances of a route while an attempt is under way.</summary>
internal sealed class RouteWatch(IRegistry registry, IHealthProbe probe)
{
    /// <summary>Returns when an instance drains, or is registered no more and does not answer.</summary>
    /// <remarks>
    /// An instance that lost its lease and answers all the same goes on: the broker may have been restarted, and the data does not
    /// go through it. The stream itself tells of a broken connection; this finds what is neither alive nor closed.
    /// </remarks>
    public async Task<RouteNews> NextAsync(StageRoute route, CancellationToken cancellationToken)
    {
        var excused = new HashSet<string>();
        while (true)
        {
            var observed = registry.Current;
            foreach (var instance in route.Instances)
            {
                var now = observed.Value.Instances.GetValueOrDefault(instance.InstanceId);
                var same = now?.Interface == StageContract.Interface && now.Address == instance.Address;
                if (same && now!.State == InstanceState.Draining)
                    return new RouteNews(instance, IsDraining: true);
                if (same || !observed.Value.IsConnected)
                    excused.Remove(instance.InstanceId);
                else if (excused.Add(instance.InstanceId) && !await probe.AnswersAsync(instance.Address, cancellationToken))
                    return new RouteNews(instance, IsDraining: false);
            }

            await observed.Superseded.WaitAsync(cancellationToken);
        }
    }
}
