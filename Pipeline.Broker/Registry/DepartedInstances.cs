using Pipeline.Contracts.Broker.V1;

namespace Pipeline.Broker.Registry;

/// <summary>Instances that departed lately: a bounded number, for a bounded time. Not safe for use by several threads.</summary>
internal sealed class DepartedInstances(int capacity, TimeSpan retention, TimeProvider time)
{
    private readonly Queue<(Instance Instance, long Timestamp)> _departed = new();

    /// <summary>Remembers one.</summary>
    public void Add(Instance instance)
    {
        _departed.Enqueue((instance, time.GetTimestamp()));
        Trim();
    }

    /// <summary>Those that are still remembered, the longest departed first.</summary>
    public IEnumerable<Instance> All()
    {
        Trim();
        return _departed.Select(entry => entry.Instance);
    }

    private void Trim()
    {
        while (_departed.TryPeek(out var oldest) && (_departed.Count > capacity || time.GetElapsedTime(oldest.Timestamp) >= retention))
            _departed.Dequeue();
    }
}
