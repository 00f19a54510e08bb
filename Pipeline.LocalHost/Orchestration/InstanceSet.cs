using System.Collections.Concurrent;

namespace Pipeline.LocalHost.Orchestration;

/// <summary>The instances that there are.</summary>
internal sealed class InstanceSet
{
    private readonly ConcurrentDictionary<string, Instance> _instances = new();

    public IEnumerable<Instance> All => _instances.Values;

    public void Add(Instance instance) => _instances[instance.Id] = instance;

    public Instance? Find(string id) => _instances.GetValueOrDefault(id);
}
