using System.Collections.Concurrent;
using Pipeline.Contracts;
using Pipeline.Contracts.Broker.V1;
using Pipeline.Orchestrator.Instances;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.Tests.Orchestrator.Fakes;

/// <summary>Drains instances of a fake registry, and only notes which processes were asked to end.</summary>
internal sealed class FakeInstanceControl(FakeRegistry registry) : IInstanceControl
{
    public static readonly ProcessIdentity Process = new(4711, 1);

    /// <summary>What is told of each process.</summary>
    public InstanceProcess Found { get; set; } = new(Process);

    /// <summary>Whether the broker knows the leases.</summary>
    public bool Drains { get; set; } = true;

    /// <summary>Why none can be drained.</summary>
    public StageException? Failure { get; set; }

    public ConcurrentQueue<ProcessIdentity> Terminated { get; } = new();

    public Task<bool> DrainAsync(Instance instance)
    {
        if (Failure is not null)
            return Task.FromException<bool>(Failure);
        if (Drains)
            registry.Drain(instance.InstanceId);
        return Task.FromResult(Drains);
    }

    public InstanceProcess Find(Instance instance) => Found;

    public string? Terminate(ProcessIdentity process)
    {
        Terminated.Enqueue(process);
        return null;
    }
}
