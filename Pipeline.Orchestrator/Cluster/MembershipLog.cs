namespace Pipeline.Orchestrator.Cluster;

/// <summary>Logs which machines come and go.</summary>
internal sealed partial class MembershipLog(IClusterMembershipService membership, ILocalSiloDetails silo, ILogger<MembershipLog> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var live = new HashSet<SiloAddress>();
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
        {
            foreach (var member in snapshot.Members.Values.Where(member => !member.SiloAddress.Equals(silo.SiloAddress)))
            {
                if (member.Status == SiloStatus.Active && live.Add(member.SiloAddress))
                    LogJoined(logger, member.Name, member.SiloAddress.Endpoint.ToString());
                else if (member.Status == SiloStatus.Dead && live.Remove(member.SiloAddress))
                    LogLeft(logger, member.Name, member.SiloAddress.Endpoint.ToString());
            }
        }
    }

    [LoggerMessage(EventId = 3052, Level = LogLevel.Information, Message = "Machine {Name} ({Endpoint}) is a member of the cluster")]
    private static partial void LogJoined(ILogger logger, string name, string endpoint);

    [LoggerMessage(
        EventId = 3053, Level = LogLevel.Warning,
        Message = "Machine {Name} ({Endpoint}) has left the cluster or was declared dead: its runs and slices go on on other machines")]
    private static partial void LogLeft(ILogger logger, string name, string endpoint);
}
