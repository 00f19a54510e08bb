namespace Pipeline.Orchestrator.Cluster;

/// <summary>Checks, before this machine becomes a member, that it fits the others; it does not start where it does not.</summary>
internal sealed class ClusterEntry(
    LocalMachine machine, MachineClient client, ClusterSettings settings, ILocalSiloDetails silo, IServiceProvider services,
    TimeProvider time)
    : ILifecycleParticipant<ISiloLifecycle>
{
    /// <summary>Largest difference between two clocks.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(1);

    /// <summary>A machine that has not written to the membership table for this time is taken for dead by the others, too.</summary>
    public static readonly TimeSpan AliveTolerance = 3 * ClusterSetup.AliveInterval;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe(nameof(ClusterEntry), ServiceLifecycleStage.First, PrepareAsync);
        // This machine is in the table, as joining: of two that start at once, at least one sees the other.
        lifecycle.Subscribe(nameof(ClusterEntry), ServiceLifecycleStage.ValidateInitialConnectivity - 1, RequireFitAsync);
    }

    /// <summary>Why two machines cannot be members of one cluster; null where they can.</summary>
    public static string? Difference(MachineReport own, MachineReport other, string id)
    {
        if (own.Storage != other.Storage)
        {
            return $"{other.Name} is a member of cluster '{id}', but has another folder as Cluster:Storage: all machines of a cluster "
                + "share one, and two clusters need two names (Cluster:Id)";
        }

        if (own.Version != other.Version)
            return $"{other.Name} runs version {other.Version} of Pipeline, and this machine {own.Version}: they must be the same";
        var apart = (own.Clock - other.Clock).Duration();
        return apart > ClockTolerance
            ? $"the clocks of {other.Name} and of this machine are {apart.TotalSeconds:0} s apart: synchronize them, for example by NTP"
            : null;
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        try
        {
            machine.Report();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"Cluster:Storage cannot be used: {error.Message}", error);
        }

        await MembershipStore.PrepareAsync(settings, cancellationToken);
        if (settings.IsShared)
            await ForgetLaterStartsAsync(services.GetRequiredService<IMembershipTable>(), silo.SiloAddress, time.GetUtcNow().UtcDateTime, cancellationToken);
    }

    /// <summary>
    /// Deletes membership rows of this endpoint with a later generation than ours, left by a start while the clock was ahead. Orleans would take them for
    /// a newer incarnation of this silo, and declare this one dead.
    /// </summary>
    public static async Task ForgetLaterStartsAsync(IMembershipTable table, SiloAddress own, DateTime now, CancellationToken cancellationToken)
    {
        await table.InitializeMembershipTableAsync(true, cancellationToken);
        var later = (await table.ReadAllAsync(cancellationToken)).Members.Select(member => member.Item1)
            .Where(member => member.SiloAddress.Endpoint.Equals(own.Endpoint) && member.SiloAddress.Generation > own.Generation)
            .Where(member => member.Status == SiloStatus.Dead || LastSign(member) > now + ClockTolerance)
            .ToList();
        if (later.Count == 0)
            return;
        foreach (var member in later.Where(member => member.Status != SiloStatus.Dead))
            await MarkDeadAsync(table, member.SiloAddress, cancellationToken);
        await table.CleanupDefunctSiloEntriesAsync(later.Max(LastSign) + TimeSpan.FromSeconds(1), cancellationToken);
    }

    private async Task RequireFitAsync(CancellationToken cancellationToken)
    {
        var table = services.GetRequiredService<IMembershipTable>();
        try
        {
            await RequireFitAsync(table, cancellationToken);
        }
        catch (InvalidOperationException)
        {
            // So that the members do not wait for this machine.
            await MarkDeadAsync(table, silo.SiloAddress, cancellationToken);
            throw;
        }
    }

    private static async Task MarkDeadAsync(IMembershipTable table, SiloAddress member, CancellationToken cancellationToken)
    {
        while (true)
        {
            var members = await table.ReadAllAsync(cancellationToken);
            if (members.TryGet(member) is not var (entry, etag))
                return;
            entry.Status = SiloStatus.Dead;
            if (await table.UpdateRowAsync(entry, etag, members.Version.Next(), cancellationToken))
                return;
        }
    }

    private async Task RequireFitAsync(IMembershipTable table, CancellationToken cancellationToken)
    {
        var first = new Dictionary<SiloAddress, DateTime>();
        while (true)
        {
            var others = (await table.ReadAllAsync(cancellationToken)).Members.Select(member => member.Item1)
                .Where(member => !member.SiloAddress.Equals(silo.SiloAddress) && member.Status is SiloStatus.Joining or SiloStatus.Active);
            var answers = await Task.WhenAll(others.Select(async member =>
                (Member: member, Answer: await client.TryAskAsync(member.SiloAddress, time, cancellationToken))));
            foreach (var report in answers.Select(answer => answer.Answer.Report).OfType<MachineReport>())
            {
                if (Difference(machine.Report(), report, settings.Id) is { } difference)
                    throw new InvalidOperationException($"This machine cannot join the cluster: {difference}.");
            }

            // Those that joined in vain or died are in the table, too. Who died is no obstacle; who is alive writes to the table meanwhile.
            var silent = answers
                .Where(answer => answer is { Answer.Report: null, Member.Status: SiloStatus.Active } && IsAlive(answer.Member))
                .ToList();
            if (silent.Count == 0)
                return;
            foreach (var (member, (_, error)) in silent)
            {
                if (first.TryAdd(member.SiloAddress, member.IAmAliveTime) || first[member.SiloAddress] == member.IAmAliveTime)
                    continue;
                throw new InvalidOperationException(
                    $"This machine cannot join the cluster: {member.HostName} ({member.SiloAddress.Endpoint}) is alive, but does not "
                    + $"answer; check addresses, firewalls and certificates: {error}");
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private bool IsAlive(MembershipEntry member) => time.GetUtcNow().UtcDateTime - LastSign(member) < AliveTolerance;

    private static DateTime LastSign(MembershipEntry member) => member.IAmAliveTime > member.StartTime ? member.IAmAliveTime : member.StartTime;
}
