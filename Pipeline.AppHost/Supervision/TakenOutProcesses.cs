using System.Collections.Concurrent;
using Pipeline.Client.Registry;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// Processes whose instances were taken out (<c>pipeline stop</c>): they are asked to end, and not started again. One that drains by itself, since
/// somebody sent it SIGTERM, is. With their ancestors: what Aspire started may be a launcher.
/// </summary>
internal sealed class TakenOutProcesses
{
    private readonly ConcurrentDictionary<ProcessIdentity, bool> _processes = new();

    /// <summary>Takes the latest view of the registry into account.</summary>
    public void Apply(RegistryView view)
    {
        foreach (var instance in view.Instances.Values.Where(instance => instance.TakenOut))
        {
            for (var at = ProcessIdentity.Find(instance.ProcessId); at is { } process; at = ResourceProcesses.ParentOf(process.Id))
                _processes[process] = true;
        }
    }

    /// <summary>Whether a process that has ended was taken out. It is forgotten.</summary>
    public bool Take(ProcessIdentity process) => _processes.TryRemove(process, out _);
}
