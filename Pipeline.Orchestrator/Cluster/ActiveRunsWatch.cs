using System.Collections.Concurrent;
using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>The partitioned runs in the shared storage.</summary>
internal interface IActiveRuns
{
    /// <summary>Reads what other machines have stored.</summary>
    /// <exception cref="IOException">The shared storage cannot be read.</exception>
    void Refresh();

    /// <summary>Ids of those that are active, whichever machine carries them out.</summary>
    IReadOnlyList<string> List();
}

/// <summary>
/// Shows the runs of other machines here, at most a second old, and ensures every few seconds that each active run is carried out somewhere: so a run whose
/// machine died goes on on another one, also after all machines and the membership table were lost.
/// </summary>
internal sealed partial class ActiveRunsWatch(
    IActiveRuns active, IClusteredRuns cluster, TimeProvider time, ILogger<ActiveRunsWatch> logger)
    : BackgroundService
{
    /// <summary>How often all runs are ensured.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(1);

    // Those whose machine has not answered yet: the others do not wait for it.
    private readonly ConcurrentDictionary<string, bool> _asked = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RefreshInterval, time);
        long? ensured = null;
        var unreadable = "";
        do
        {
            try
            {
                active.Refresh();
                unreadable = "";
                if (ensured is { } last && time.GetElapsedTime(last) < Interval)
                    continue;
                ensured = time.GetTimestamp();
                foreach (var run in active.List().Where(run => _asked.TryAdd(run, true)))
                    _ = EnsureAsync(run, stoppingToken);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                if (unreadable != error.Message)
                    LogUnreadable(logger, error.Message);
                unreadable = error.Message;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task EnsureAsync(string run, CancellationToken stoppingToken)
    {
        try
        {
            await cluster.EnsureAsync(run);
        }
        catch (Exception error)
        {
            if (!stoppingToken.IsCancellationRequested)
                LogNotEnsured(logger, run, error.Message);
        }
        finally
        {
            _asked.TryRemove(run, out _);
        }
    }

    [LoggerMessage(EventId = 3050, Level = LogLevel.Warning, Message = "The runs of the shared storage cannot be read: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string reason);

    [LoggerMessage(EventId = 3051, Level = LogLevel.Warning, Message = "Run {Run} cannot be carried out at the moment: {Reason}")]
    private static partial void LogNotEnsured(ILogger logger, string run, string reason);
}
