using System.Collections.Immutable;
using Pipeline.Client.Registry;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Counts the attempts that each instance works on, so that runs spread over replicas.</summary>
internal sealed class InstanceLoad
{
    private readonly Observable<ImmutableDictionary<string, int>> _attempts = new(ImmutableDictionary<string, int>.Empty);

    /// <summary>Attempts under way there.</summary>
    public int Of(Instance instance) => _attempts.Current.Value.GetValueOrDefault(instance.InstanceId);

    /// <summary>Counts an attempt until the answer is disposed.</summary>
    public IDisposable Take(StageRoute route)
    {
        Add(route, 1);
        return new Taken(this, route);
    }

    /// <summary>Returns when no attempt is under way there.</summary>
    public async Task IdleAsync(Instance instance, CancellationToken cancellationToken)
    {
        await foreach (var attempts in _attempts.ReadAllAsync(cancellationToken))
        {
            if (attempts.GetValueOrDefault(instance.InstanceId) == 0)
                return;
        }
    }

    // Instances without attempts are not kept: their ids may never come again.
    private void Add(StageRoute route, int count) => _attempts.Change(attempts => route.Instances.Aggregate(
        attempts,
        (sums, instance) => sums.GetValueOrDefault(instance.InstanceId) + count is var sum and not 0
            ? sums.SetItem(instance.InstanceId, sum)
            : sums.Remove(instance.InstanceId)));

    private sealed class Taken(InstanceLoad load, StageRoute route) : IDisposable
    {
        public void Dispose() => load.Add(route, -1);
    }
}
