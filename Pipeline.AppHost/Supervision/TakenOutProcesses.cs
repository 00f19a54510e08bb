using Pipeline.Client.Registry;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// Processes whose instances were taken out (<c>pipeline stop</c>): they are asked to end, and not started again. One that drains by itself, since
/// somebody sent it SIGTERM, is. With their ancestors: what Aspire started may be a launcher.
/// </summary>
internal sealed class TakenOutProcesses
{
    private readonly Lock _lock = new();
    private readonly HashSet<ProcessIdentity> _processes = [];

    // By lease, read while the processes live: one that was taken out may be gone before this hears of it.
    private Dictionary<long, IReadOnlyList<ProcessIdentity>> _known = [];

    /// <summary>Takes the latest view of the registry into account.</summary>
    public void Apply(RegistryView view)
    {
        lock (_lock)
        {
            var instances = view.Instances.Values.Concat(view.TakenOut.Values).ToList();
            _known = instances.ToDictionary(
                instance => instance.LeaseId,
                instance => _known.GetValueOrDefault(instance.LeaseId)
                    ?? [.. ResourceProcesses.WithAncestors(ProcessIdentity.Find(instance.ProcessId))]);
            // Live instances last: an ancestor that they share with one that was taken out is to be restarted.
            foreach (var instance in instances.OrderByDescending(instance => instance.TakenOut))
            {
                if (instance.TakenOut)
                    _processes.UnionWith(_known[instance.LeaseId]);
                else
                    _processes.ExceptWith(_known[instance.LeaseId]);
            }
        }
    }

    /// <summary>Whether a process that has ended was taken out.</summary>
    public bool Contains(ProcessIdentity process)
    {
        lock (_lock)
            return _processes.Contains(process);
    }
}
