using Pipeline.Orchestrator.Partitions;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>The partitioned runs in the shared storage.</summary>
internal interface IActiveRuns
{
    /// <summary>Ids of those that are active, whichever machine carries them out.</summary>
    IReadOnlyList<string> List();
}

/// <summary>
/// Ensures every few seconds that each active run is carried out somewhere: so a run whose machine died goes on on another one, also after
/// all machines and the membership table were lost.
/// </summary>
internal sealed partial class ActiveRunsWatch(
    IActiveRuns active, IPartitionedRuns cluster, TimeProvider time, ILogger<ActiveRunsWatch> logger)
    : BackgroundService
{
    /// <summary>Time between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await Task.WhenAll(active.List().Select(run => EnsureAsync(run, stoppingToken))).WaitAsync(stoppingToken);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogUnreadable(logger, error.Message);
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
        catch (Exception error) when (!stoppingToken.IsCancellationRequested)
        {
            LogNotEnsured(logger, run, error.Message);
        }
    }

    [LoggerMessage(EventId = 3050, Level = LogLevel.Warning, Message = "The active runs of the shared storage cannot be listed: {Reason}")]
    private static partial void LogUnreadable(ILogger logger, string reason);

    [LoggerMessage(EventId = 3051, Level = LogLevel.Warning, Message = "Run {Run} cannot be carried out at the moment: {Reason}")]
    private static partial void LogNotEnsured(ILogger logger, string run, string reason);
}
