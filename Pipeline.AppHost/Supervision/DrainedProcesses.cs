using System.Collections.Concurrent;
using Pipeline.Client.Registry;
using Pipeline.ServiceDefaults.Hosting;
using LeaseState = Pipeline.Contracts.Broker.V1.InstanceState;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// Processes that are to leave: their instances drain, because the orchestrator takes them out (<c>stop</c>) or they do so themselves. Their
/// end is no crash. With their ancestors: what Aspire started may be a launcher.
/// </summary>
internal sealed class DrainedProcesses
{
    private readonly ConcurrentDictionary<ProcessIdentity, bool> _processes = new();

    /// <summary>Takes the latest view of the registry into account.</summary>
    public void Apply(RegistryView view)
    {
        foreach (var instance in view.Instances.Values.Where(instance => instance.State == LeaseState.Draining))
        {
            for (var at = ProcessIdentity.Find(instance.ProcessId); at is { } process; at = ResourceProcesses.ParentOf(process.Id))
                _processes[process] = true;
        }
    }

    /// <summary>Whether a process that has ended was to leave. It is forgotten.</summary>
    public bool Take(ProcessIdentity process) => _processes.TryRemove(process, out _);
}
