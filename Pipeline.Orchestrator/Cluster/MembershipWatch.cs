using Orleans.Clustering.Redis;

namespace Pipeline.Orchestrator.Cluster;

/// <summary>Logs which machines come and go, and whether the membership table can be reached; joins anew where it was lost.</summary>
internal sealed partial class MembershipWatch(
    IClusterMembershipService membership, IMembershipTable table, ILocalSiloDetails silo, IFatalErrorHandler lost, TimeProvider time,
    ILogger<MembershipWatch> logger)
    : BackgroundService
{
    private readonly HashSet<SiloAddress> _live = [];

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(FollowMachinesAsync(stoppingToken), FollowTableAsync(stoppingToken));

    private async Task FollowMachinesAsync(CancellationToken stoppingToken)
    {
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
        {
            foreach (var member in snapshot.Members.Values.Where(member => !member.SiloAddress.Equals(silo.SiloAddress)))
            {
                if (member.Status == SiloStatus.Active && _live.Add(member.SiloAddress))
                    LogJoined(logger, member.Name, member.SiloAddress.Endpoint.ToString());
                else if (member.Status == SiloStatus.Dead && _live.Remove(member.SiloAddress))
                    LogLeft(logger, member.Name, member.SiloAddress.Endpoint.ToString());
            }
        }
    }

    // While the table cannot be reached, the members go on as they are. A table that has come back empty is another cluster's beginning:
    // Orleans would leave the members in the old one, in which nobody new finds them.
    private async Task FollowTableAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ClusterSetup.AliveInterval, time);
        var isReachable = true;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var members = await table.ReadAllAsync(stoppingToken);
                if (!isReachable)
                    LogReachable(logger);
                isReachable = true;
                if (members.TryGet(silo.SiloAddress) is null)
                    lost.OnFatalException(this, "its entry in the membership table is gone");
            }
            catch (RedisClusteringException error)
            {
                // Redis answers, but the table's version is not there.
                lost.OnFatalException(this, error.Message);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                if (isReachable)
                    LogUnreachable(logger, error.Message.ReplaceLineEndings(" "));
                isReachable = false;
            }
        }
    }

    [LoggerMessage(EventId = 3052, Level = LogLevel.Information, Message = "Machine {Name} ({Endpoint}) is a member of the cluster")]
    private static partial void LogJoined(ILogger logger, string name, string endpoint);

    [LoggerMessage(
        EventId = 3053, Level = LogLevel.Warning,
        Message = "Machine {Name} ({Endpoint}) has left the cluster or was declared dead: its runs and slices go on on other machines")]
    private static partial void LogLeft(ILogger logger, string name, string endpoint);

    [LoggerMessage(
        EventId = 3054, Level = LogLevel.Warning,
        Message = "The membership table cannot be reached: machines that die are not replaced, and none can join, until it is: {Reason}")]
    private static partial void LogUnreachable(ILogger logger, string reason);

    [LoggerMessage(EventId = 3055, Level = LogLevel.Information, Message = "The membership table can be reached again")]
    private static partial void LogReachable(ILogger logger);
}
