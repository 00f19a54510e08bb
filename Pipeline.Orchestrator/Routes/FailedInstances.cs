using Pipeline.Contracts.Broker.V1;
using Pipeline.Contracts.V1;

namespace Pipeline.Orchestrator.Routes;

/// <summary>Counts the attempts of one run that failed at each instance, so that the next one prefers those that did not fail.</summary>
/// <remarks>
/// The count is of the instance id and survives a new registration: a process that was restarted may fail on the same input again.
/// One run makes one attempt at a time, so there is nothing to synchronize.
/// </remarks>
internal sealed class FailedInstances
{
    private readonly Dictionary<string, int> _failures = [];

    /// <summary>Attempts of this run that failed there.</summary>
    public int Of(Instance instance) => _failures.GetValueOrDefault(instance.InstanceId);

    /// <summary>Counts a failure at the instance that it names. A name that is not of the route is ignored: it comes from a peer.</summary>
    public void Count(StageRoute route, Failure failure)
    {
        if (route.Find(failure.InstanceId) is { } instance)
            _failures[instance.InstanceId] = Of(instance) + 1;
    }
}
