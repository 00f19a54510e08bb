using System.Collections.Concurrent;
using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Counts the attempts that each instance works on, so that runs spread over replicas.</summary>
internal sealed class InstanceLoad
{
    private readonly ConcurrentDictionary<string, int> _attempts = new();

    /// <summary>Attempts under way there.</summary>
    public int Of(Instance instance) => _attempts.GetValueOrDefault(instance.InstanceId);

    /// <summary>Counts an attempt until the answer is disposed.</summary>
    public IDisposable Take(StageRoute route)
    {
        foreach (var instance in route.Instances)
            _attempts.AddOrUpdate(instance.InstanceId, 1, (_, count) => count + 1);
        return new Taken(this, route);
    }

    private sealed class Taken(InstanceLoad load, StageRoute route) : IDisposable
    {
        public void Dispose()
        {
            foreach (var instance in route.Instances)
                load._attempts.AddOrUpdate(instance.InstanceId, 0, (_, count) => count - 1);
        }
    }
}
