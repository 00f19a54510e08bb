using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.AppHost.Configuration;
using Pipeline.ServiceDefaults.Hosting;

namespace Pipeline.AppHost.Supervision;

/// <summary>
/// The processes of this AppHost's resources, and what they started. When a resource's own process dies, its children are killed: DCP would
/// not notice its end as long as a child has its output open.
/// </summary>
internal sealed class ResourceProcesses(PipelineDirectories directories, TimeProvider time, ILogger<ResourceProcesses> log)
    : BackgroundService
{
    /// <summary>Time between two looks whether a process that was asked to stop has ended.</summary>
    public static readonly TimeSpan EndInterval = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    // For this time after a death orphans are looked for again: within execve(2) a process has no environment, and so no mark.
    private static readonly TimeSpan OrphanTime = TimeSpan.FromSeconds(2.5);

    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<string, Replica> _replicas = new();

    // Ids of processes that have died, by replica, until DCP tells of the end: another process may have such an id meanwhile.
    private readonly ConcurrentDictionary<string, int> _dead = new();
    private readonly byte[] _mark = Encoding.UTF8.GetBytes($"{AppHostWatch.Variable}={Mark(directories)}\0");
    private volatile int _launcher;
    private long? _lastDeath;

    /// <summary>DCP's API server: the parent of the process that starts the resources' own. Linux only, once one of them was seen.</summary>
    public ProcessIdentity? ApiServer { get; private set; }

    /// <summary>Whether no process of any resource that runs is known.</summary>
    public bool IsEmpty => _replicas.IsEmpty;

    /// <summary>
    /// Value of <see cref="AppHostWatch.Variable"/>: inherited by all descendants, and the data directory belongs to one AppHost
    /// alone.
    /// </summary>
    public static string Mark(PipelineDirectories directories) => $"{ProcessIdentity.Current}:{directories.Data}";

    /// <summary>Sees the state of a replica of a resource.</summary>
    /// <returns>Its process, while it runs.</returns>
    public ProcessIdentity? Observe(string resource, string replica, InstanceState state)
    {
        if (state is not { Phase: InstancePhase.Running, ProcessId: { } id })
        {
            _dead.TryRemove(replica, out _);
            return null;
        }

        if (_replicas.TryGetValue(replica, out var known) && known.Process.Id == id)
        {
            if (state.Address is { } address)
                _replicas[replica] = known with { Address = address };
            return known.Process;
        }

        // Its predecessor may have left children; and so may it, if it has died already.
        KillOrphans();
        if (_dead.TryGetValue(replica, out var dead) && dead == id)
            return null;
        if (ProcessIdentity.Find(id) is not { } process)
        {
            KillOrphans(died: true);
            return null;
        }

        if (ProcessStatus.Read(id) is { Parent: var launcher } && launcher != _launcher)
            (ApiServer, _launcher) = (ParentOf(launcher), launcher);
        _replicas[replica] = new Replica(resource, process, state.Address);
        return process;
    }

    /// <summary>The process of a replica.</summary>
    /// <returns>Null where none runs.</returns>
    public ProcessIdentity? Find(string replica) =>
        _replicas.TryGetValue(replica, out var known) && known.Process.IsAlive ? known.Process : null;

    /// <summary>The own HTTP addresses of a resource's replicas that run.</summary>
    public IEnumerable<Uri> AddressesOf(string resource) => _replicas.Values
        .Where(replica => replica.Resource == resource && replica.Process.IsAlive)
        .Select(replica => replica.Address)
        .OfType<Uri>();

    /// <summary>
    /// Asks the processes of all resources to stop, where the system has a signal for it. Aspire asks them, too, but its control plane
    /// takes most of a second to get to them.
    /// </summary>
    public void Terminate()
    {
        if (OperatingSystem.IsWindows())
            return;
        foreach (var (_, process, _) in _replicas.Values)
        {
            if (process.Send(ProcessSignal.Terminate) is { } reason)
                log.NotTerminated(process.Id, reason);
        }
    }

    /// <summary>Kills what is left of the descendants of resources' processes that died within the last 2.5 s.</summary>
    /// <param name="died">Whether a process has died that was never seen alive.</param>
    public void KillOrphans(bool died = false)
    {
        lock (_lock)
        {
            var dead = _replicas.Where(replica => !replica.Value.Process.IsAlive).ToList();
            foreach (var replica in dead)
            {
                _dead[replica.Key] = replica.Value.Process.Id;
                _replicas.TryRemove(replica);
                DeleteRuntimeFiles(replica.Value.Process);
            }

            if (died || dead.Count > 0)
                _lastDeath = time.GetTimestamp();
            // As long as no process was seen alive, DCP is not known, and its own children could not be told from orphans.
            if (_lastDeath is not { } death || _launcher == 0)
                return;
            Kill(orphansOnly: true);
            if (time.GetElapsedTime(death) >= OrphanTime)
                _lastDeath = null;
        }
    }

    /// <summary>Waits until the processes of all resources have ended, and kills those that are left after a time.</summary>
    public async Task EndAsync(TimeSpan timeout)
    {
        var since = time.GetTimestamp();
        while (_replicas.Values.Any(replica => replica.Process.IsAlive) && time.GetElapsedTime(since) < timeout)
            await Task.Delay(EndInterval, time);
        KillAll();
    }

    /// <summary>Kills every process that is left of any resource.</summary>
    public void KillAll()
    {
        Kill(orphansOnly: false);
        foreach (var (_, process, _) in _replicas.Values)
        {
            Kill(process, entireTree: true);
            DeleteRuntimeFiles(process);
        }
    }

    /// <summary>A process, its parent and so on, as far as the system tells them: on Linux only.</summary>
    public static IEnumerable<ProcessIdentity> WithAncestors(ProcessIdentity? process)
    {
        for (var at = process; at is { } current; at = ParentOf(current.Id))
            yield return current;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            KillOrphans();
    }

    /// <summary>A process's parent. Linux only.</summary>
    public static ProcessIdentity? ParentOf(int id) =>
        OperatingSystem.IsLinux() && ProcessStatus.Read(id) is { Parent: var parent } ? ProcessIdentity.Find(parent) : null;

    // An orphan has the mark, and a parent that neither has it nor is DCP, which starts the resources' own processes. Linux only.
    private void Kill(bool orphansOnly)
    {
        if (!OperatingSystem.IsLinux())
            return;
        var marked = Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var id) ? id : 0)
            .Where(IsMarked).ToHashSet();
        foreach (var id in marked)
        {
            if (ProcessStatus.Read(id) is { } status && !(orphansOnly && (marked.Contains(status.Parent) || MayOwnChildren(status.Parent))))
                Kill(ProcessIdentity.Find(id), entireTree: orphansOnly);
        }
    }

    // DCP, or a process within execve(2), which may have the mark afterwards.
    private bool MayOwnChildren(int parent) => parent == _launcher || (parent > 1 && EnvironmentOf(parent) is { Length: 0 });

    private void Kill(ProcessIdentity? process, bool entireTree)
    {
        if (process?.Kill(entireTree) is { } reason)
            log.NotKilled(process.Value.Id, reason);
    }

    // The sockets at which a debugger or a tool finds a .NET process; the runtime leaves them behind where the process was killed. Linux only: elsewhere
    // their names have another start time.
    private void DeleteRuntimeFiles(ProcessIdentity process)
    {
        if (!OperatingSystem.IsLinux())
            return;
        foreach (var name in (string[])["dotnet-diagnostic-{0}-{1}-socket", "clr-debug-pipe-{0}-{1}-in", "clr-debug-pipe-{0}-{1}-out"])
        {
            var path = Path.Join(Path.GetTempPath(), string.Format(CultureInfo.InvariantCulture, name, process.Id, process.Start));
            try
            {
                File.Delete(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                log.NotDeleted(path, exception.Message);
                return;
            }
        }
    }

    private bool IsMarked(int id) => id > 0 && EnvironmentOf(id).AsSpan().IndexOf(_mark) >= 0;

    private static byte[]? EnvironmentOf(int id)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{id}/environ");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or belongs to another user.
            return null;
        }
    }

    private sealed record Replica(string Resource, ProcessIdentity Process, Uri? Address);
}
